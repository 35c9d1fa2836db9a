import type { Trajectory } from '../../core/trajectory.js';
import type { Check } from './check.js';

/** No final answer, although message text is recorded and somebody was there to give one. */
export const emptyOutput: Check = {
  name: 'empty-output',
  weight: 0.6,
  run({ trajectory }) {
    if (!trajectory.hasContent || (trajectory.output ?? '').trim() !== '' || !owesAnswer(trajectory)) return [];
    return [{ severity: 'suspicious', message: 'expected a final answer, got none', spanId: '' }];
  },
};

/** Not when nothing in it speaks, as a lone embedding, nor when it ends on calls that its caller is to run. */
function owesAnswer({ steps }: Trajectory): boolean {
  if (steps.length > 0 && !steps.some(({ kind }) => kind === 'model' || kind === 'agent')) return false;
  const at = steps.findLastIndex(({ kind }) => kind === 'model');
  const asked = (steps[at]?.toolCalls ?? []).length > 0 || steps[at]?.finishReason === 'tool_call';
  return !asked || steps.slice(at + 1).some(({ kind }) => kind === 'tool');
}

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { replayRuns } from './replay.js';
import { BUDGET_RATIO, sampleDomain } from './sample-domain.js';

const RUN = {
  ...{ id: 'run', model: 'gpt-4o', success: false },
  messages: [
    { role: 'user', content: 'Cancel W1.' },
    {
      ...{ role: 'assistant', content: null },
      tool_calls: [{ id: 'c1', name: 'get_order_details', arguments: '{"order_id":"W1"}' }],
    },
    { role: 'tool', content: '{"status":"pending"}', tool_call_id: 'c1', name: 'get_order_details' },
    { role: 'assistant', content: 'It is cancelled.' },
  ],
};

it('a recorded run is read as the trace of an agent, tool calls and answer included', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tau-'));
  const path = join(folder, 'runs.jsonl');
  writeFileSync(path, `${JSON.stringify(RUN)}\n`);
  const [run] = replayRuns(path, 'retail');
  rmSync(folder, { recursive: true });
  expect(run?.success).toBe(false);
  expect(run?.trajectory).toMatchObject({
    ...{ service: 'tau-retail', hasContent: true, input: 'Cancel W1.', output: 'It is cancelled.' },
  });
  expect(run?.trajectory.steps.map(({ kind, name }) => `${kind} ${name}`)).toContain('tool get_order_details');
});

it('judges about the share that the budget allows, whichever runs these are', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assay-tau-'));
  const path = join(folder, 'runs.jsonl');
  const lines = Array.from({ length: 100 }, (_, n) => JSON.stringify({ ...RUN, id: `run ${n}`, success: n % 3 > 0 }));
  writeFileSync(path, lines.join('\n'));
  const summary = sampleDomain(replayRuns(path, 'retail'), 100, 1);
  rmSync(folder, { recursive: true });
  expect(summary.truth).toBeCloseTo(0.66, 9);
  expect(Math.abs(summary.judgedShare - BUDGET_RATIO)).toBeLessThan(0.02);
  expect(summary.coverage).toBeGreaterThan(0.9);
});

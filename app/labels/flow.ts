import type { LabelValue } from '../../core/label.js';
import type { GivenLabel, LabelTask } from './api.js';

/** What the flow needs of a terminal, and of Assay. */
export interface FlowDeps {
  readonly write: (text: string) => void;
  /** The next key, in lower case; `quit` when there are no more. */
  readonly nextKey: () => Promise<string>;
  /** What the trace did, for people. @returns undefined when its text is gone by now */
  readonly story: (task: LabelTask) => Promise<string | undefined>;
  readonly save: (labels: readonly GivenLabel[]) => Promise<void>;
  readonly annotator: string;
}

const VALUES: Readonly<Record<string, LabelValue>> = { p: 'pass', f: 'fail', s: 'skip' };
const KEYS = '[p]ass  [f]ail  [s]kip: cannot tell  [b]ack  [q]uit ';

/**
 * Shows one trace after the other and asks about each criterion. A trace is saved when all were answered; what was answered of one
 * that is left half way is not.
 * @returns how many traces were labelled
 */
export async function labelFlow(tasks: readonly LabelTask[], deps: FlowDeps): Promise<number> {
  let done = 0;
  for (const [index, task] of tasks.entries()) {
    const story = await deps.story(task);
    if (story === undefined) continue;
    deps.write(`\n${'─'.repeat(72)}\n${index + 1} of ${tasks.length}\n${story}\n`);
    const values = await askAll(task, deps);
    if (values === undefined) break;
    const { traceId, tenant, version, queue } = task;
    await deps.save(
      task.criteria.map(({ criterion }, at) => ({
        ...{ traceId, tenant, version, queue, criterion, annotator: deps.annotator },
        value: values[at] ?? 'skip',
      })),
    );
    done += 1;
  }
  return done;
}

/** @returns undefined when the person stops */
async function askAll({ criteria }: LabelTask, deps: FlowDeps): Promise<readonly LabelValue[] | undefined> {
  const values: LabelValue[] = [];
  while (values.length < criteria.length) {
    const asked = criteria[values.length];
    deps.write(`\n${asked?.criterion ?? ''}: ${asked?.question ?? ''}\n${KEYS}`);
    const key = await deps.nextKey();
    if (key === 'q' || key === 'quit') {
      deps.write('\n');
      return undefined;
    }
    const value = VALUES[key];
    deps.write(`${value ?? ''}\n`);
    if (value !== undefined) values.push(value);
    else if (key === 'b') values.pop();
  }
  return values;
}

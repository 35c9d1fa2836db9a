import { emitKeypressEvents } from 'node:readline';
import { PipelineError } from '../../core/errors.js';
import { labelFlow } from '../labels/flow.js';
import { openQueries } from '../open-queries.js';
import { paintFor } from '../render/format.js';
import { renderStory } from '../render/why.js';
import { EXIT } from './exit-codes.js';
import { NOTHING_WANTED, scopeOf, type FlowOptions } from './label-options.js';
import { configOf, type Terminal } from './shared.js';

/** Asks about one trace after the other on the keyboard of this terminal. */
export async function labelInTerminal(options: FlowOptions, terminal: Terminal): Promise<void> {
  const { stdin, stdout, env } = terminal;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new PipelineError(
      'CONFIG_INVALID',
      'expected a terminal to ask on, there is none; assay label next --json gives the traces to another tool, and assay label import takes its answers',
    );
  const open = openQueries(configOf(options, terminal), { env });
  try {
    const tasks = await open.queries.labelTasks(scopeOf(options), options.limit);
    if (tasks.length === 0) {
      stdout.write(`${NOTHING_WANTED}\n`);
      process.exitCode = EXIT.notHeld;
      return;
    }
    const keys = readKeys(stdin);
    try {
      const done = await labelFlow(tasks, {
        write: (text) => void stdout.write(text),
        nextKey: () => keys.next(),
        async story({ traceId }) {
          const why = await open.queries.why(traceId);
          return why.trajectory.steps.length === 0 ? undefined : renderStory(why, paintFor(stdout, env));
        },
        async save(labels) {
          await open.queries.addLabels(labels, false);
        },
        annotator: options.as ?? env['USER'] ?? '',
      });
      stdout.write(`${done} of ${tasks.length} traces labelled.\n`);
    } finally {
      keys.close();
    }
  } finally {
    await open.close();
  }
}

interface Key {
  readonly name?: string;
  readonly ctrl?: boolean;
}

/** One key at a time, as it is pressed. Ctrl+C, Ctrl+D and the end of input are `quit`. */
function readKeys(stdin: NodeJS.ReadStream): { next(): Promise<string>; close(): void } {
  const pressed: string[] = [];
  let waiting: ((key: string) => void) | undefined;
  const take = (key: string): void => {
    if (waiting === undefined) pressed.push(key);
    else waiting(key);
    waiting = undefined;
  };
  const onKey = (text: string | undefined, key: Key): void => {
    const isEnd = key.ctrl === true && (key.name === 'c' || key.name === 'd');
    take(isEnd ? 'quit' : (text ?? key.name ?? '').toLowerCase());
  };
  const onEnd = (): void => {
    take('quit');
  };
  emitKeypressEvents(stdin);
  stdin.setRawMode(true);
  stdin.on('keypress', onKey);
  stdin.once('end', onEnd);
  stdin.resume();
  return {
    next: () =>
      new Promise((resolve) => {
        const ready = pressed.shift();
        if (ready === undefined) waiting = resolve;
        else resolve(ready);
      }),
    close() {
      stdin.off('keypress', onKey);
      stdin.off('end', onEnd);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}

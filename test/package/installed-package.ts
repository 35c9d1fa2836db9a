import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cleanEnv, type CommandResult } from '../helpers/assay-process.js';

/** Runs a command of the folder to its end, as typed there. */
export async function runIn(folder: string, command: string, ...args: readonly string[]): Promise<CommandResult> {
  const child = spawn(command, [...args], { cwd: folder, env: userEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** An `npx assay up` of a folder. */
export interface UpCommand {
  readonly url: string;
  readonly output: () => string;
  stop(): Promise<void>;
}

/** Starts `npx assay up` on a free port and waits until it listens. */
export async function npxUp(folder: string, ...args: readonly string[]): Promise<UpCommand> {
  const child = spawn('npx', ['assay', 'up', '--http', '127.0.0.1:0', ...args], {
    cwd: folder,
    env: userEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that a signal reaches Assay behind npx, as a terminal's does.
    detached: true,
  });
  let output = '';
  const ended = once(child, 'close');
  const url = await new Promise<string>((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      output += chunk.toString();
      const found = /listens on (http:\/\/\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    void ended.then(() => {
      reject(new Error(`npx assay up ended before it listened:\n${output}`));
    });
  });
  return {
    url,
    output: () => output,
    async stop() {
      interruptGroup(child);
      await ended;
    },
  };
}

function interruptGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null) return;
  process.kill(-child.pid, 'SIGINT');
}

/** Without what the npm that runs these tests has put there for its own scripts. */
function userEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(cleanEnv()).filter(
      ([name]) => !/^(npm_(?!config_(registry|cache))|INIT_CWD|NODE_(ENV|PATH|OPTIONS)|VITEST)/.test(name),
    ),
  );
}

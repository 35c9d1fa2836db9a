import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';

/** A program that a test runs beside itself. */
export interface Child {
  /** Complete lines that it printed so far. */
  readonly lines: readonly string[];
  /** Resolves when it has printed this many lines, or has ended. */
  printed(count: number): Promise<void>;
  /** As kill -9. Of a thread: ends it at its next chance. */
  kill(): void;
  /** Resolves with all its lines when it has ended. */
  readonly ended: Promise<readonly string[]>;
}

export interface ChildOptions {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Largest file that it may write, in KiB, as `ulimit -f` sets it. */
  readonly fileSizeKib?: number;
}

/** Runs a file in a process of its own. */
export function runProcess(file: string, { args, env, fileSizeKib }: ChildOptions): Child {
  const limit = fileSizeKib === undefined ? 'unlimited' : String(fileSizeKib * 2);
  const child = spawn('sh', ['-c', `ulimit -S -f ${limit}; exec "$0" "$@"`, process.execPath, file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve();
    }),
  );
  return watch(child.stdout, exited, () => child.kill('SIGKILL'));
}

/** Runs a file in a thread of this process. */
export function runThread(file: string, { args }: ChildOptions): Child {
  const worker = new Worker(file, { argv: [...args], stdout: true });
  const exited = new Promise<void>((resolve, reject) => {
    worker.once('exit', () => {
      resolve();
    });
    worker.once('error', reject);
  });
  return watch(worker.stdout, exited, () => void worker.terminate());
}

function watch(stdout: Readable, exited: Promise<void>, kill: () => void): Child {
  const lines: string[] = [];
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  const reader = createInterface({ input: stdout });
  const closed = new Promise<void>((resolve) => reader.once('close', resolve));
  reader.on('line', (line) => {
    lines.push(line);
    for (const { count, resolve } of waiting) if (lines.length >= count) resolve();
  });
  const ended = Promise.all([exited, closed]).then(() => lines);
  return {
    lines,
    ended,
    kill,
    async printed(count) {
      if (lines.length >= count) return;
      await Promise.race([new Promise<void>((resolve) => waiting.push({ count, resolve })), ended]);
    },
  };
}

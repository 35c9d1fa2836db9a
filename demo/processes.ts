import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FleetOptions, TraceTruth } from './fleet/index.js';
import type { FleetMessage } from './fleet/main.js';

/** The scripted model in a process of its own, so that its work is not in the pipeline's. */
export interface ModelProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** Environment of a child: no provider key, no endpoint and no OpenTelemetry setting of the caller's reaches it. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(OTEL_|OPENAI_|ANTHROPIC_)/.test(name)));
}

function start(module: string, options: object): ChildProcess {
  return fork(new URL(module, import.meta.url), [JSON.stringify(options)], {
    env: cleanEnvironment(),
    // The flags of this process are for Assay alone.
    execArgv: [],
  });
}

/** @param options.port - tried first, so that a seed's spans name the same address each time */
export async function startModelProcess(options: { seed: number; port: number }): Promise<ModelProcess> {
  const child = start('./scripted-model/main.js', options);
  const [message] = (await Promise.race([once(child, 'message'), endsEarly(child)])) as [{ readonly url: string }];
  return {
    url: message.url,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function endsEarly(child: ChildProcess): Promise<never> {
  const [code] = (await once(child, 'exit')) as [number | null];
  throw new Error(`expected the scripted model to listen, it ended with code ${String(code)}`);
}

/**
 * Runs one release of the fleet to its end.
 * @param onTruths - what really happened to the traces that were served since the last call
 * @throws {Error} when the fleet breaks, or loses a span
 */
export async function runFleetProcess(
  options: FleetOptions,
  onTruths: (truths: readonly TraceTruth[]) => void,
  signal: AbortSignal,
): Promise<{ readonly spans: number; readonly cpuMs: number }> {
  const child = start('./fleet/main.js', options);
  const interrupt = () => child.kill('SIGTERM');
  signal.addEventListener('abort', interrupt, { once: true });
  let done: Extract<FleetMessage, { kind: 'done' }> | undefined;
  let broken = '';
  child.on('message', (message: FleetMessage) => {
    if (message.kind === 'truths') onTruths(message.truths);
    else if (message.kind === 'done') done = message;
    else broken = message.message;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', interrupt);
  if (done) return done;
  throw new Error(
    `expected the fleet of release ${options.release} to finish, it ended with code ${String(code)}: ${broken}`,
  );
}

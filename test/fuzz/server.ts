import { readFileSync } from 'node:fs';
import { startAssayProcess } from '../helpers/assay-process.js';

/** The process that is fuzzed. */
export interface Server {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  /** How it ended, if it did. */
  ended(): string | undefined;
  output(): string;
  /** In MiB. */
  rssAnonMib(): number;
  /** A counter or gauge of `/metrics`, all labels added up. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly data: string;
  readonly roles: string;
}

/** As in the sidecar profile, so that what is too much comes soon and memory has a bound to be held to. */
const SETTINGS = ['collector.maxBodyBytes=4194304', 'collector.maxInFlightBytes=33554432', 'sampler.quietMs=200'];

/** Starts the real command on free ports. */
export async function startServer({ data, roles }: ServerOptions): Promise<Server> {
  const args = ['--role', roles, ...SETTINGS.flatMap((setting) => ['--set', setting])];
  const started = await startAssayProcess({ data, command: 'run', args });
  let ending: string | undefined;
  void started.ended.then(({ code, signal }) => (ending = String(code ?? signal)));
  const grpcUrl = /gRPC on (http:\/\/[^\s)]+)/.exec(started.output())?.[1];
  if (grpcUrl === undefined) throw new Error(`expected an address of gRPC, got ${started.output()}`);
  return {
    httpUrl: started.url,
    grpcUrl,
    ended: () => ending,
    output: () => started.output(),
    rssAnonMib: () => rssAnonMib(started.child.pid ?? 0),
    async metric(name) {
      const text = await (await fetch(`${started.url}/metrics`)).text();
      const lines = text.split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    stop: () => started.stop(),
  };
}

function rssAnonMib(pid: number): number {
  try {
    const kib = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kib ?? 0) / 1024);
  } catch {
    return 0;
  }
}

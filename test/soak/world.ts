import { spawnAssay, type AssayProcess } from '../helpers/assay-process.js';
import { judgeArgs } from '../helpers/judge-server.js';
import { evalIdsOf, startSink, type Sink } from '../helpers/otlp-sink.js';
import { startAgentLoad, type Addresses, type AgentLoad } from './agent-load.js';
import { startCountingJudge, type CountingJudge } from './counting-judge.js';
import type { Witness } from './oracle.js';
import { freePort } from './ports.js';
import type { Form } from './transport.js';

/** What stands around an Assay that is killed: senders, a scripted model, a receiver of verdicts; and the Assay of now. */
export interface World {
  readonly addresses: Addresses;
  readonly load: AgentLoad;
  readonly judge: CountingJudge;
  /** Starts the next Assay on the same data and ports. */
  spawn(env?: Readonly<Record<string, string>>): AssayProcess;
  /** What the oracle needs to know. */
  witness(): Pick<Witness, 'sent' | 'requests' | 'published'>;
  /** Ends everything. */
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly data: string;
  readonly seed: string;
  readonly settings?: readonly string[];
}

/** Three senders, one of each. */
const FORMS: readonly Form[] = ['json', 'gzip', 'grpc'];
/** Long enough that each kill finds calls in flight. */
const MODEL_MS = 30;
const SETTINGS = [
  'sampler.quietMs=300',
  'sampler.pi.unsuspected=0.5',
  'judges.dailyBudgetUsd=1000',
  'judges.weeklyBudgetUsd=1000',
  'publish.lingerMs=50',
];

export async function openWorld({ data, seed, settings = [] }: WorldOptions): Promise<World> {
  const judge = await startCountingJudge(MODEL_MS);
  const sink: Sink = await startSink();
  const [http, grpc] = [await freePort(), await freePort()];
  const addresses = { http: `http://127.0.0.1:${http}`, grpc: `127.0.0.1:${grpc}` };
  const load = startAgentLoad({ addresses, forms: FORMS, seed });
  const sets = [...SETTINGS, `publish.endpoint=${sink.url}`, ...settings].flatMap((setting) => ['--set', setting]);
  const args = [...judgeArgs(judge.server), ...sets, '--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`];
  let current: AssayProcess | undefined;
  return {
    addresses,
    load,
    judge,
    spawn(env = {}) {
      current = spawnAssay({ data, args, env });
      return current;
    },
    witness: () => ({
      sent: load.sent,
      requests: judge.requests,
      published: new Set(evalIdsOf(sink.requests)),
    }),
    async close() {
      await load.stop();
      current?.child.kill('SIGKILL');
      await current?.ended;
      await sink.close();
      await judge.server.close();
    },
  };
}

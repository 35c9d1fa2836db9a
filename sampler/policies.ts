import type { Policy } from '../core/decision.js';
import type { Log } from '../core/log.js';
import type { State } from '../core/state.js';
import type { SamplerConfig } from './config.js';

const PREFIX = 'policy/';
const PUBLISHED = 'published-policy';

/** Every sampling plan there was, in durable state. */
export class Policies {
  /** By version, newest last. */
  #policies: readonly Policy[] = [];

  constructor(private readonly deps: { readonly state: State; readonly log: Pick<Log, 'append'> }) {}

  /**
   * Makes a new version when the configured plan differs from the newest. It is stored and on the bus when this resolves,
   * and takes effect from `nowMs`; a crash in between is made good at the next start.
   */
  async open(pi: SamplerConfig['pi'], nowMs: number): Promise<void> {
    const { state } = this.deps;
    const stored = [...state.range(PREFIX)].map(([, text]) => JSON.parse(text) as Policy);
    const newest = stored.at(-1);
    if (newest === undefined || !isSamePlan(newest.pi, pi)) {
      const policy = nextPolicy(newest, pi, nowMs);
      await state.put([[`${PREFIX}${String(policy.version).padStart(9, '0')}`, JSON.stringify(policy)]]);
      stored.push(policy);
    }
    await this.#publish(stored);
    this.#policies = stored;
  }

  /** The plan in force at this bus time; the first one for what came before it. */
  at(busMs: number): Policy {
    const policy = this.#policies.findLast(({ effectiveFromMs }) => effectiveFromMs <= busMs) ?? this.#policies[0];
    if (policy === undefined)
      throw new Error('expected a sampling policy to be in force, but policies were not opened');
    return policy;
  }

  async #publish(stored: readonly Policy[]): Promise<void> {
    const published = Number(this.deps.state.get(PUBLISHED) ?? 0);
    const unpublished = stored.filter(({ version }) => version > published);
    const last = unpublished.at(-1);
    if (last === undefined) return;
    await this.deps.log.append(
      unpublished.map((policy) => ({
        topic: 'policies' as const,
        key: `policy-${policy.version}`,
        value: Buffer.from(JSON.stringify(policy)),
      })),
    );
    await this.deps.state.put([[PUBLISHED, String(last.version)]]);
  }
}

function nextPolicy(newest: Policy | undefined, pi: SamplerConfig['pi'], nowMs: number): Policy {
  return {
    version: (newest?.version ?? 0) + 1,
    // Never before its predecessor, whatever the clock says, so that versions stay in order.
    effectiveFromMs: Math.max(nowMs, newest?.effectiveFromMs ?? 0),
    pi: { ...pi },
    reason: newest === undefined ? 'first start' : 'sampler.pi was changed in the configuration',
  };
}

function isSamePlan(a: Policy['pi'], b: Policy['pi']): boolean {
  const strata = Object.keys(b) as (keyof Policy['pi'])[];
  return strata.every((stratum) => a[stratum] === b[stratum]);
}

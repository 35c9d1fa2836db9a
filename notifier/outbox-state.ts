import type { AlarmTransition, Severity } from '../core/alarm.js';
import type { State } from '../core/state.js';
import type { DeadLetter, Release, Told } from './attempt.js';

/** What has been heard of one alarm. */
export interface AlarmEntry {
  readonly latest: AlarmTransition;
  /** The last that said that it fires; of an earlier incident when the alarm is resolved. */
  readonly firing?: AlarmTransition;
}

/** One alarm at one channel. */
export interface Slot {
  /** Not taken yet, in sending order. */
  readonly waiting: readonly AlarmTransition[];
  /** Every severity under which the receiver has the alarm open, or may have. */
  readonly openAs: readonly Severity[];
  readonly told?: Told;
  /** Tries of the first that waits, or of a re-assertion. */
  readonly attempts: number;
  readonly notBeforeMs: number;
  /** Since when something waits. */
  readonly sinceMs: number;
  /** When the channel last took or refused something: re-assertion counts from then. */
  readonly settledAtMs: number;
}

export const EMPTY_SLOT: Slot = {
  waiting: [],
  openAs: [],
  attempts: 0,
  notBeforeMs: 0,
  sinceMs: 0,
  settledAtMs: 0,
};

/** One release at one channel; kept after it was told, so that it is told once. */
export interface ReleaseEntry {
  readonly release: Release;
  readonly waits: boolean;
  readonly attempts: number;
  readonly notBeforeMs: number;
  readonly sinceMs: number;
}

/** A channel that asked for quiet, or did not answer. */
export interface ChannelEntry {
  readonly failures: number;
  readonly notBeforeMs: number;
}

const PREFIX = 'notifier/';

/** Keys in the state, below a prefix of the notifier's own, so that a gate can keep its own beside them. */
export const KEYS = {
  alarms: `${PREFIX}alarm/`,
  alarm: (alarmId: string) => `${PREFIX}alarm/${alarmId}`,
  slots: (channel: string) => `${PREFIX}slot/${channel}/`,
  allSlots: `${PREFIX}slot/`,
  slot: (channel: string, alarmId: string) => `${PREFIX}slot/${channel}/${alarmId}`,
  channel: (channel: string) => `${PREFIX}channel/${channel}`,
  releases: (channel: string) => `${PREFIX}release/${channel}/`,
  allReleases: `${PREFIX}release/`,
  release: (channel: string, id: string) => `${PREFIX}release/${channel}/${id}`,
  allDead: `${PREFIX}dead/`,
  dead: ({ channel, transition }: DeadLetter) =>
    `${PREFIX}dead/${channel}/${transition.alarmId}/${String(transition.sequence).padStart(9, '0')}`,
} as const;

/** Changes that become durable together or not at all. Reads see them at once. */
export class Draft {
  readonly #state: State;
  readonly #changes = new Map<string, string>();

  constructor(state: State) {
    this.#state = state;
  }

  alarm(alarmId: string): AlarmEntry | undefined {
    return this.#get(KEYS.alarm(alarmId)) as AlarmEntry | undefined;
  }

  slot(channel: string, alarmId: string): Slot | undefined {
    return this.#get(KEYS.slot(channel, alarmId)) as Slot | undefined;
  }

  channel(channel: string): ChannelEntry {
    return (this.#get(KEYS.channel(channel)) as ChannelEntry | undefined) ?? { failures: 0, notBeforeMs: 0 };
  }

  release(channel: string, id: string): ReleaseEntry | undefined {
    return this.#get(KEYS.release(channel, id)) as ReleaseEntry | undefined;
  }

  set(key: string, value: object): void {
    this.#changes.set(key, JSON.stringify(value));
  }

  /** Visible to all at once; resolves when durable. */
  async commit(): Promise<void> {
    if (this.#changes.size > 0) await this.#state.put([...this.#changes]);
  }

  #get(key: string): unknown {
    const text = this.#changes.get(key) ?? this.#state.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  }
}

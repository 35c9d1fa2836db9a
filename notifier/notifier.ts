import { setMaxListeners } from 'node:events';
import { SEVERITIES, type AlarmTransition } from '../core/alarm.js';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import type { Fetch } from '../core/post.js';
import type { State } from '../core/state.js';
import type { Attempt, DeadLetter, OutboxEntry, Release } from './attempt.js';
import { ChannelLoop, type Channel } from './channel-loop.js';
import type { ChannelConfig, ChannelKind, NotifierConfig } from './config.js';
import { createInstruments, type Instruments } from './instruments.js';
import { listDeadLetters, outboxOf } from './outbox-reading.js';
import { Draft } from './outbox-state.js';
import { Outbox } from './outbox.js';
import { prune } from './prune.js';
import { ReleaseOutbox } from './release-outbox.js';
import { sendTest, type TestResult } from './send-test.js';
import { createSender } from './senders/create-sender.js';

export interface NotifierDeps {
  /** Started before the notifier, and stopped after it. May be the gate's own: the notifier's keys begin with `notifier/`. */
  readonly state: State;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** In [0, 1); for jitter. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /**
   * Told of every attempt, for whoever reads later what was sent, and of what was not sent since it was superseded; not of
   * re-assertions that were taken, nor of releases. A kill may lose one. Its failing holds nothing up, its slowness does.
   */
  record(attempt: Attempt): Promise<void>;
}

/** Tells channels of alarms, at least once each, under one deduplication key for each alarm. */
export interface Notifier extends Component {
  /** By name, in the order of the settings. */
  readonly channels: readonly { readonly name: string; readonly kind: ChannelKind }[];
  /**
   * Takes a transition in for every channel that wants it. Resolves when that is durable, before anything is sent; may be
   * called before `start`. The same `(alarmId, sequence)` again, or an earlier one, changes nothing.
   * @throws {PipelineError} when the state could not be written: call it again
   */
  notify(transition: AlarmTransition): Promise<void>;
  /** Like `notify`, for a release that began to take traffic: told once, as a change event, where a channel takes such. */
  announce(release: Release): Promise<void>;
  /** Where an alarm stands with each channel that was told of it, or is to be. */
  outboxOf(alarmId: string): readonly OutboxEntry[];
  /** What channels refused, of the last 90 days, by channel and alarm. */
  deadLetters(): readonly DeadLetter[];
  /**
   * Sends an alarm and its resolution, both named a test, past the outbox and whatever the channel filters; what waits for the
   * channel is tried at once when it takes them.
   */
  sendTest(channel: string): Promise<TestResult>;
}

/** Makes the notifier. Channels begin to send with `start`; `stop` sends what is due, as far as receivers take it. */
export function createNotifier(config: NotifierConfig, deps: NotifierDeps): Notifier {
  return new OutboxNotifier(config, deps);
}

class OutboxNotifier implements Notifier {
  readonly #config: NotifierConfig;
  readonly #deps: NotifierDeps;
  readonly #channels: readonly Channel[];
  readonly #outbox: Outbox;
  readonly #releases: ReleaseOutbox;
  readonly #instruments: Instruments;
  readonly #stopping = new AbortController();
  readonly #halted = new AbortController();
  #loops: readonly ChannelLoop[] = [];
  #running: Promise<unknown> | undefined;

  constructor(config: NotifierConfig, deps: NotifierDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#channels = Object.entries(config.channels).map(([name, channel]) => toChannel(name, channel, config.links));
    this.#outbox = new Outbox(deps.state, this.#channels, config);
    this.#releases = new ReleaseOutbox(deps.state);
    this.#instruments = createInstruments(deps.metrics);
    setMaxListeners(0, this.#halted.signal);
  }

  get channels(): readonly { readonly name: string; readonly kind: ChannelKind }[] {
    return this.#channels.map(({ name, kind }) => ({ name, kind }));
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { state, clock } = this.#deps;
    await prune(state, clock.nowMs());
    const draft = new Draft(state);
    this.#outbox.adopt(draft, clock.nowMs());
    await draft.commit();
    this.#loops = this.#channels.map((channel) => new ChannelLoop(channel, this.#loopDeps()));
    this.#running = Promise.all(this.#loops.map((loop) => loop.run()));
  }

  async stop(signal: AbortSignal): Promise<void> {
    const halt = (): void => {
      this.#halted.abort();
    };
    signal.addEventListener('abort', halt, { once: true });
    if (signal.aborted) halt();
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    signal.removeEventListener('abort', halt);
  }

  async notify(transition: AlarmTransition): Promise<void> {
    const { state, clock } = this.#deps;
    const draft = new Draft(state);
    const superseded = this.#outbox.admit(draft, transition, clock.nowMs());
    await draft.commit();
    this.#wake();
    for (const { channel, transition: dropped } of superseded) await this.#recordSuperseded(channel, dropped);
  }

  async announce(release: Release): Promise<void> {
    const { state, clock } = this.#deps;
    const channels = this.#channels.filter(({ sender }) => sender.tellRelease !== undefined).map(({ name }) => name);
    const draft = new Draft(state);
    this.#releases.admit(draft, release, { channels, nowMs: clock.nowMs() });
    await draft.commit();
    this.#wake();
  }

  outboxOf(alarmId: string): readonly OutboxEntry[] {
    return outboxOf(this.#deps.state, alarmId, this.#channels);
  }

  deadLetters(): readonly DeadLetter[] {
    return listDeadLetters(this.#deps.state);
  }

  async sendTest(name: string): Promise<TestResult> {
    const channel = this.#channels.find((one) => one.name === name);
    if (channel === undefined) return { status: 'unknown', channels: this.channels };
    const result = await sendTest(channel, {
      ...this.#deps,
      outbox: this.#outbox,
      timeoutMs: this.#config.timeoutMs,
      signal: this.#halted.signal,
      record: this.#record,
    });
    this.#wake();
    return result;
  }

  #loopDeps() {
    return {
      ...this.#deps,
      outbox: this.#outbox,
      releases: this.#releases,
      settings: this.#config,
      instruments: this.#instruments,
      record: this.#record,
      stopping: this.#stopping.signal,
      halted: this.#halted.signal,
      queued: () => {
        this.#wake();
      },
    };
  }

  #wake(): void {
    for (const loop of this.#loops) loop.wake();
  }

  readonly #record = async (attempt: Attempt): Promise<void> => {
    try {
      await this.#deps.record(attempt);
    } catch (error) {
      const { channel, outcome } = attempt;
      this.#deps.logger.warn(
        { error, channel, outcome },
        'an attempt to notify could not be recorded; it counts all the same',
      );
    }
  };

  async #recordSuperseded(channel: string, transition: AlarmTransition): Promise<void> {
    const { kind } = this.#channels.find(({ name }) => name === channel)!;
    this.#instruments.superseded.add(1, { channel });
    const atMs = this.#deps.clock.nowMs();
    const reason = 'a later transition says more, or nothing was left to say';
    await this.#record({
      ...{ channel, kind, transition, occasion: 'transition', attempt: 0 },
      ...{ atMs, tookMs: 0, outcome: 'superseded', reason },
    });
  }
}

function toChannel(name: string, config: ChannelConfig, links: NotifierConfig['links']): Channel {
  const sender = createSender(config, links);
  const least = SEVERITIES.indexOf(config.minimumSeverity);
  return {
    ...{ name, kind: config.kind, sender },
    reassertEveryMs: sender.reassertEveryMs,
    reassertedStates: sender.reassertedStates,
    wants: ({ kind, severity }) => config.kinds.includes(kind) && SEVERITIES.indexOf(severity) <= least,
  };
}

import type { Clock } from '../core/clock.js';
import { faultPoint } from '../core/fault-points.js';
import type { Fetch } from '../core/post.js';
import type { Logger } from '../core/logger.js';
import type { State } from '../core/state.js';
import { waitAfter } from './backoff.js';
import type { Attempt } from './attempt.js';
import type { ChannelKind, NotifierConfig } from './config.js';
import { deliver, type Delivery } from './deliver.js';
import type { Instruments } from './instruments.js';
import { Draft, KEYS, type ChannelEntry } from './outbox-state.js';
import type { AlarmJob, Outbox, OutboxChannel } from './outbox.js';
import type { ReleaseJob, ReleaseOutbox } from './release-outbox.js';
import type { Message, Sender } from './senders/sender.js';

/** Nothing waits longer than this to be looked at, so that a clock that was put back does no lasting harm. */
const LOOK_MS = 3_600_000;

export interface Channel extends OutboxChannel {
  readonly kind: ChannelKind;
  readonly sender: Sender;
}

export interface ChannelLoopDeps {
  readonly state: State;
  readonly outbox: Outbox;
  readonly releases: ReleaseOutbox;
  readonly settings: Pick<NotifierConfig, 'timeoutMs' | 'backoffMs' | 'maxBackoffMs'>;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly instruments: Instruments;
  readonly record: (attempt: Attempt) => Promise<void>;
  /** Ends the loop, when it is woken, once what is due is out. */
  readonly stopping: AbortSignal;
  /** Ends a request under way. */
  readonly halted: AbortSignal;
  /** That something was queued, for whichever channel. */
  readonly queued: () => void;
}

type Job = AlarmJob | ReleaseJob;

/** Sends what is due on one channel: one request at a time, so that an order is kept and a limit can be. */
export class ChannelLoop {
  readonly #channel: Channel;
  readonly #deps: ChannelLoopDeps;
  #wake = new AbortController();
  #pacedUntilMs = 0;
  /** Failures of the state in a row. */
  #faults = 0;

  constructor(channel: Channel, deps: ChannelLoopDeps) {
    this.#channel = channel;
    this.#deps = deps;
  }

  /** Something was queued, or it is time to stop. */
  wake(): void {
    this.#wake.abort();
  }

  /** Until told to stop, and what is due then is out or was tried. Never rejects. */
  async run(): Promise<void> {
    for (;;) {
      // Made first, so that nothing that is queued from here on is slept through.
      this.#wake = new AbortController();
      const isLast = this.#deps.stopping.aborted;
      const waitMs = await this.#step();
      if (waitMs === 0) continue;
      if (isLast) return;
      await this.#deps.clock.sleep(waitMs, this.#wake.signal);
    }
  }

  /** @returns ms until there is something to do; 0 when something was done */
  async #step(): Promise<number> {
    const { logger, settings, random } = this.#deps;
    try {
      const job = this.#plan();
      const waitMs = job === undefined ? LOOK_MS : this.#waitFor(job);
      if (job === undefined || waitMs > 0 || this.#deps.halted.aborted) {
        this.#count();
        return Math.max(1, waitMs);
      }
      await this.#try(job);
      this.#faults = 0;
      return 0;
    } catch (error) {
      this.#faults += 1;
      const waitMs = waitAfter(this.#faults, { ...settings, random });
      logger.error(
        { error, channel: this.#channel.name },
        'the outbox could not be kept; nothing is lost, it is tried again',
      );
      return waitMs;
    }
  }

  /** @returns ms, at most an hour */
  #waitFor(job: Job): number {
    const { clock, state } = this.#deps;
    const atMs = Math.max(job.atMs, this.#entry(new Draft(state)).notBeforeMs, this.#pacedUntilMs);
    return Math.min(Math.max(0, atMs - clock.nowMs()), LOOK_MS);
  }

  #plan(): Job | undefined {
    const alarm = this.#deps.outbox.plan(this.#channel);
    const release = this.#deps.releases.plan(this.#channel.name);
    if (alarm === undefined || release === undefined) return alarm ?? release;
    return release.atMs < alarm.atMs ? release : alarm;
  }

  async #try(job: Job): Promise<void> {
    const { clock, ...deps } = this.#deps;
    const { name, sender } = this.#channel;
    const message = await this.#begin(job);
    faultPoint('notifier-before-send');
    const startedAtMs = clock.nowMs();
    const { timeoutMs } = deps.settings;
    const delivery =
      typeof message === 'string'
        ? ({ outcome: 'refused', reason: message } as const)
        : await deliver(message, sender, { fetch: deps.fetch, clock, timeoutMs, signal: deps.halted });
    faultPoint('notifier-after-send');
    const nowMs = clock.nowMs();
    this.#pacedUntilMs = nowMs + sender.paceMs;
    const nextAtMs = await this.#settle(job, delivery, nowMs);
    this.#tell(job, delivery, nextAtMs);
    if (job.type === 'release' || (job.occasion === 'reassertion' && delivery.outcome === 'taken')) return;
    const { transition, occasion, slot } = job;
    await deps.record({
      ...{ channel: name, kind: this.#channel.kind, transition, occasion, attempt: slot.attempts + 1 },
      ...{ atMs: startedAtMs, tookMs: nowMs - startedAtMs, outcome: delivery.outcome, reason: delivery.reason },
      ...(nextAtMs === undefined ? {} : { nextAtMs }),
    });
  }

  /** @returns what to send; in words why there is nothing, when no message can be made of it */
  async #begin(job: Job): Promise<Message | string> {
    const { state, outbox, clock } = this.#deps;
    const { name, sender } = this.#channel;
    try {
      if (job.type === 'release')
        return sender.tellRelease?.(job.entry.release) ?? 'this kind of channel takes no releases';
      const draft = new Draft(state);
      const { openAs } = outbox.begin(draft, name, job);
      const { transition, occasion } = job;
      const message = sender.tell({ transition, occasion, openAs, nowMs: clock.nowMs() });
      await draft.commit();
      return message;
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
      return `no message could be made of it: ${error.message}`;
    }
  }

  /** @returns when it is tried again; undefined when it is over */
  async #settle(job: Job, delivery: Delivery, nowMs: number): Promise<number | undefined> {
    const { state, outbox, releases, queued } = this.#deps;
    const { name: channel } = this.#channel;
    const draft = new Draft(state);
    const entry = this.#entry(draft);
    const nextAtMs = this.#backOff(draft, { entry, job, delivery, nowMs });
    if (job.type === 'release') releases.settle(draft, { channel, job }, nextAtMs);
    else
      outbox.settle(
        draft,
        { channel, job, nowMs },
        delivery.outcome === 'again' ? { ...delivery, nextAtMs: nextAtMs ?? nowMs } : delivery,
      );
    await draft.commit();
    queued();
    return nextAtMs;
  }

  /** A receiver that is away is away for everything that waits for it, so the channel waits as well. */
  #backOff(
    draft: Draft,
    tried: { readonly entry: ChannelEntry; readonly job: Job; readonly delivery: Delivery; readonly nowMs: number },
  ): number | undefined {
    const { entry, job, delivery, nowMs } = tried;
    const key = KEYS.channel(this.#channel.name);
    if (delivery.outcome !== 'again') {
      if (entry.failures > 0) draft.set(key, { failures: 0, notBeforeMs: 0 });
      return undefined;
    }
    const { settings, random } = this.#deps;
    const asked = { ...settings, random, retryAfterMs: delivery.retryAfterMs };
    const failures = entry.failures + 1;
    draft.set(key, { failures, notBeforeMs: nowMs + waitAfter(failures, asked) });
    const attempts = job.type === 'release' ? job.entry.attempts : job.slot.attempts;
    return nowMs + waitAfter(attempts + 1, asked);
  }

  #tell(job: Job, delivery: Delivery, nextAtMs: number | undefined): void {
    const { instruments, logger } = this.#deps;
    const { name: channel } = this.#channel;
    const about =
      job.type === 'release' ? { release: job.id } : { alarm: job.transition.alarmId, state: job.transition.state };
    const fields = { channel, ...about, reason: delivery.reason };
    switch (delivery.outcome) {
      case 'taken':
        instruments.sent.add(1, { channel, state: job.type === 'release' ? 'release' : job.transition.state });
        return;
      case 'refused':
        instruments.deadLetters.add(1, { channel });
        logger.error(fields, 'a channel refused a notification for good; it is a dead letter');
        return;
      case 'again':
        instruments.failed.add(1, { channel });
        logger.warn(
          { ...fields, nextAtMs },
          'a channel did not take a notification; nothing is lost, it is tried again',
        );
    }
  }

  #entry(draft: Draft): ChannelEntry {
    return draft.channel(this.#channel.name);
  }

  #count(): void {
    const { instruments, outbox, releases } = this.#deps;
    const { name: channel } = this.#channel;
    instruments.waiting.set(outbox.waiting(channel) + releases.waiting(channel), { channel });
  }
}

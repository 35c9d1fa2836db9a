import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { SPANS_PER_RUN, type RunShape } from '../../../bench/agent-run.js';
import { createSeeded, type Seeded } from '../../../demo/seeded.js';
import { waitMs } from '../../soak/exporter.js';
import { createTransport, type Answer, type Form, type Transport } from '../../soak/transport.js';
import { encode, keysOf, spansOfRun, type SpanGroup } from './runs.js';

/** A request, and what came of each time it was sent. Its body is let go of once it is acknowledged. */
export interface SentRequest {
  readonly number: number;
  /** Each as `<trace id>/<span id>`. */
  readonly spans: readonly string[];
  body: Buffer;
  acknowledged: number;
  /** Sent, and no answer came: it may have been taken. */
  unknown: number;
  refused: number;
}

/** One answer, and when it came. */
export interface Answered {
  readonly atMs: number;
  readonly status: Answer['status'];
  /** HTTP status, gRPC code or that of the socket; empty when it was acknowledged. */
  readonly code: string;
}

export interface Target {
  readonly http: string;
  readonly grpc: string;
}

export interface LoadOptions {
  /** Receivers, in turn, as a load balancer gives them. */
  readonly targets: readonly Target[];
  readonly seed: string;
  /** What differs of a run. */
  readonly shape?: (run: number) => Partial<RunShape>;
}

const FORMS: readonly Form[] = ['json', 'gzip', 'grpc'];
const RUNS_PER_REQUEST = 8;
const TICK_MS = 50;
/** Beyond it nothing new is sent: SDKs and collectors have a bounded queue too. */
const MOST_UNDER_WAY = 64;
const CONNECTIONS = 16;
const BACKOFF = { initialMs: 250, maxMs: 1_000 };
const NOTHING = Buffer.alloc(0);

/** Every ninth run has cut arguments, which a check settles; every fourth comes in two requests, its root span in the later one. */
const isTruncated = (run: number): boolean => run % 9 === 0;
const isSplit = (run: number): boolean => run % 4 === 3;

/** Sends agent runs at a pace, over OTLP in three forms, and again what was not acknowledged, until it is. */
export class Load {
  readonly sent: SentRequest[] = [];
  readonly answers: Answered[] = [];
  /** Spans that were acknowledged. */
  acknowledgedSpans = 0;
  /** Requests that were told never to be sent again; there must be none. */
  readonly rejected: string[] = [];
  /** Times that a request was due and too many were under way. */
  heldBack = 0;
  readonly #transports: readonly ReadonlyMap<Form, Transport>[];
  readonly #random: Seeded;
  readonly #over = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #runs = 0;
  /** Parts of runs whose other part went before. */
  #rest: SpanGroup[] = [];

  constructor(private readonly options: LoadOptions) {
    // Every request that waits to be sent again listens to it.
    setMaxListeners(0, this.#over.signal);
    this.#random = createSeeded(options.seed);
    this.#transports = options.targets.map(
      ({ http, grpc }) =>
        new Map(
          FORMS.map((form) => [
            form,
            createTransport({ form, address: form === 'grpc' ? grpc : http, connections: CONNECTIONS }),
          ]),
        ),
    );
  }

  /** Numbers of runs that nobody else has. */
  takeRuns(count: number): readonly number[] {
    this.#runs += count;
    return Array.from({ length: count }, (_, at) => this.#runs - count + at);
  }

  /** Sends from now on at this pace, until it is paused. */
  start(spansPerSecond: number): void {
    this.pause();
    const perTick = (spansPerSecond * TICK_MS) / 1_000 / (SPANS_PER_RUN * RUNS_PER_REQUEST);
    let due = 0;
    this.#timer = setInterval(() => {
      for (due += perTick; due >= 1; due -= 1) {
        if (this.#underWay.size < MOST_UNDER_WAY) void this.send(this.#nextGroups());
        else this.heldBack += 1;
      }
    }, TICK_MS);
  }

  pause(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Sends one request until it is acknowledged. @param target - the receiver; in turn when it is left out */
  async send(groups: readonly SpanGroup[], target?: number): Promise<void> {
    const number = this.sent.length;
    const form = FORMS[number % FORMS.length]!;
    const request: SentRequest = {
      number,
      spans: keysOf(groups),
      body: encode(groups, form),
      acknowledged: 0,
      unknown: 0,
      refused: 0,
    };
    this.sent.push(request);
    const sending = this.#untilTaken(request, form, target);
    this.#underWay.add(sending);
    await sending;
    this.#underWay.delete(sending);
  }

  /** What is left of split runs goes out, and all that was sent is acknowledged, or the time is up. */
  async drain(limitMs: number): Promise<boolean> {
    this.pause();
    if (this.#rest.length > 0) void this.send(this.#rest.splice(0));
    const late = new AbortController();
    const timer = delay(limitMs, false, { signal: late.signal }).catch(() => false);
    const all = (async () => {
      while (this.#underWay.size > 0) await Promise.all(this.#underWay);
      return true;
    })();
    const isDone = await Promise.race([all, timer]);
    late.abort();
    return isDone;
  }

  close(): void {
    this.pause();
    this.#over.abort();
    for (const byForm of this.#transports) for (const transport of byForm.values()) transport.close();
  }

  /** Answers of the time from one moment to another. */
  answersBetween(fromMs: number, toMs: number): readonly Answered[] {
    return this.answers.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  }

  #nextGroups(): readonly SpanGroup[] {
    const groups = this.#rest.splice(0);
    for (const number of this.takeRuns(RUNS_PER_REQUEST)) {
      const run = spansOfRun({ number, truncated: isTruncated(number), ...this.options.shape?.(number) });
      const [root, ...children] = run.spans;
      if (!isSplit(number) || root === undefined) groups.push(run);
      else {
        groups.push({ ...run, spans: children });
        this.#rest.push({ ...run, spans: [root] });
      }
    }
    return groups;
  }

  async #untilTaken(request: SentRequest, form: Form, target?: number): Promise<void> {
    const random = (): number => this.#random.uniform(request.number, this.answers.length);
    for (let attempt = 0; !this.#isOver(); attempt += 1) {
      const receiver = target ?? (request.number + attempt) % this.#transports.length;
      const answer = await this.#transports[receiver]!.get(form)!.send(request.body);
      if (this.#isOver()) return;
      this.#note(answer);
      if (answer.status === 'rejected') {
        this.rejected.push(answer.reason);
        return;
      }
      request[answer.status] += 1;
      if (answer.status === 'acknowledged') {
        this.acknowledgedSpans += request.spans.length;
        request.body = NOTHING;
        return;
      }
      const retryAfterMs = answer.status === 'refused' ? (answer.retryAfterMs ?? 0) : 0;
      const pauseMs = waitMs(attempt, { ...BACKOFF, random }, Math.min(retryAfterMs, 2 * BACKOFF.maxMs));
      await delay(pauseMs, undefined, { signal: this.#over.signal }).catch(() => undefined);
    }
  }

  #note(answer: Answer): void {
    const code = answer.status === 'refused' ? String(answer.code) : answer.status === 'unknown' ? answer.reason : '';
    this.answers.push({ atMs: Date.now(), status: answer.status, code });
  }

  #isOver(): boolean {
    return this.#over.signal.aborted;
  }
}

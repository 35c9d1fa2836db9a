import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { agentRun } from '../../bench/agent-run.js';
import { transcodeJson } from '../../core/otlp/transcode-json.js';
import { createSeeded } from '../../demo/seeded.js';
import { exportUntilTaken, type Sent } from './exporter.js';
import { createTransport, type Answer, type Form } from './transport.js';

/** Where each form is sent. */
export interface Addresses {
  readonly http: string;
  readonly grpc: string;
}

/** Senders that send agent runs, as many as they are allowed. */
export interface AgentLoad {
  /** What was sent, in the order of the runs. */
  readonly sent: readonly Sent[];
  /** Answers so far, by what they were. */
  readonly answers: Readonly<Record<Answer['status'], number>>;
  allow(runs: number): void;
  /** Runs that were allowed so far; all are sent in the end. */
  readonly allowed: () => number;
  /** Runs of which every request was acknowledged. */
  readonly finished: () => number;
  /** Rejects when a sender was told never to send again what it had sent; does not resolve. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

export interface AgentLoadOptions {
  readonly addresses: Addresses;
  /** One sender each. */
  readonly forms: readonly Form[];
  readonly seed: string;
}

const BACKOFF = { initialMs: 250, maxMs: 1_000 };
/** How often an idle sender looks for more. */
const LOOK_MS = 10;

/** Every ninth run has cut arguments, which a check settles; every fourth comes in two requests, its root span last. */
export const isTruncated = (run: number): boolean => run % 9 === 0;
const isSplit = (run: number): boolean => run % 4 === 3;

export function startAgentLoad({ addresses, forms, seed }: AgentLoadOptions): AgentLoad {
  const random = createSeeded(seed);
  const over = new AbortController();
  const sent: Sent[] = [];
  const answers = { acknowledged: 0, refused: 0, unknown: 0, rejected: 0 };
  const counts = { next: 0, goal: 0, finished: 0 };
  async function sender(form: Form): Promise<void> {
    const transport = createTransport({ form, address: form === 'grpc' ? addresses.grpc : addresses.http });
    const deps = {
      transport,
      backoff: { ...BACKOFF, random: () => random.uniform(sent.length, answers.refused, answers.unknown) },
      sleep,
      onAnswer: (answer: Answer) => void (answers[answer.status] += 1),
    };
    try {
      while (!over.signal.aborted) {
        if (counts.next >= counts.goal) {
          await sleep(LOOK_MS, over.signal);
          continue;
        }
        const run = counts.next++;
        for (const request of requestsOf(run, form)) {
          sent.push(request);
          await exportUntilTaken(request, deps, over.signal);
        }
        counts.finished += 1;
      }
    } finally {
      transport.close();
    }
  }
  const senders = Promise.all(forms.map(sender));
  const failed = senders.then(() => new Promise<never>(() => undefined));
  failed.catch(() => undefined);
  return {
    sent,
    answers,
    failed,
    allow: (runs) => void (counts.goal += runs),
    allowed: () => counts.goal,
    finished: () => counts.finished,
    async stop() {
      over.abort();
      await senders.catch(() => undefined);
    },
  };
}

interface RunBody {
  readonly resourceSpans: readonly {
    readonly resource: object;
    readonly scopeSpans: readonly {
      readonly scope: object;
      readonly spans: readonly { readonly traceId: string; readonly spanId: string; readonly parentSpanId?: string }[];
    }[];
  }[];
}

/** One run as it is sent: the same bytes each time. */
function requestsOf(run: number, form: Form): readonly Sent[] {
  const body = agentRun({ number: run, truncated: isTruncated(run) }) as RunBody;
  const [{ resource, scopeSpans }] = body.resourceSpans as [RunBody['resourceSpans'][0]];
  const [{ scope, spans }] = scopeSpans as [RunBody['resourceSpans'][0]['scopeSpans'][0]];
  const [root, ...others] = spans;
  const groups = isSplit(run) ? [others, [root!]] : [spans];
  return groups.map((group) => ({
    number: run,
    spans: group.map(({ traceId, spanId }) => `${traceId}/${spanId}`),
    body: encode({ resourceSpans: [{ resource, scopeSpans: [{ scope, spans: group }] }] }, form),
    acknowledged: 0,
    unknown: 0,
    refused: 0,
  }));
}

function encode(request: object, form: Form): Buffer {
  const json = Buffer.from(JSON.stringify(request));
  if (form === 'json') return json;
  const protobuf = Buffer.from(transcodeJson(json));
  return form === 'gzip' ? gzipSync(protobuf) : protobuf;
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}

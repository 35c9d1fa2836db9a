import PQueue from 'p-queue';
import { runAgent } from './agent.js';
import { createAnthropicChat } from './anthropic-chat.js';
import type { Chat } from './chat.js';
import { createGenAiTracing } from './genai-tracing.js';
import { createOpenAiChat } from './openai-chat.js';
import { createOpenInferenceTracing } from './openinference-tracing.js';
import { createOrderDesk } from './order-desk.js';
import { planRequests, type AgentKind, type PlannedRequest } from './plan.js';
import { createSeededIds } from './seeded-ids.js';
import { startTelemetry, type ExportCounts } from './telemetry.js';
import type { AgentTracing } from './tracing.js';

const OPENAI_MODEL = 'scripted-agent-gpt';
const ANTHROPIC_MODEL = 'scripted-agent-claude';

export interface FleetOptions {
  readonly seed: number;
  /** A key of `RELEASES`; becomes `service.version`. */
  readonly release: string;
  readonly traces: number;
  readonly otlpUrl: string;
  readonly modelUrl: string;
  /** Requests served at the same time. */
  readonly concurrency: number;
}

/** What really happened to one request. Told to the parent process, never to a span. */
export interface TraceTruth {
  readonly traceId: string;
  readonly passed: boolean;
}

/**
 * Serves all requests of one release and exports their spans.
 * @throws {Error} when a span was not acknowledged by the receiver
 */
export async function runFleet(
  options: FleetOptions,
  report: (truth: TraceTruth) => void,
  signal?: AbortSignal,
): Promise<ExportCounts> {
  const requests = planRequests({ seed: options.seed, release: options.release, count: options.traces });
  await announceMisbehaviours(options.modelUrl, requests);
  const desk = createOrderDesk(requests);
  const ids = createSeededIds();
  const untraced = createOpenAiChat(options.modelUrl, OPENAI_MODEL);
  const telemetry = startTelemetry({ otlpUrl: options.otlpUrl, release: options.release, ids });
  const anthropic = createAnthropicChat(options.modelUrl, ANTHROPIC_MODEL);
  const agents: Readonly<Record<AgentKind, { chat: Chat; tracing: AgentTracing }>> = {
    'genai-openai': { chat: untraced, tracing: createGenAiTracing(telemetry.tracer, untraced) },
    'genai-anthropic': { chat: anthropic, tracing: createGenAiTracing(telemetry.tracer, anthropic) },
    'openinference-openai': {
      chat: createOpenAiChat(options.modelUrl, OPENAI_MODEL),
      tracing: createOpenInferenceTracing(telemetry.tracer),
    },
  };
  const failures: unknown[] = [];
  const queue = new PQueue({ concurrency: options.concurrency });
  for (const request of requests) {
    await queue.onSizeLessThan(options.concurrency);
    await telemetry.hasRoom();
    if (signal?.aborted) break;
    queue
      .add(async () => {
        const answer = await ids.within(request.traceId, () => runAgent(request, { ...agents[request.agent], desk }));
        report({ traceId: request.traceId, passed: desk.isServed(request, answer) });
      })
      .catch((error: unknown) => failures.push(error));
    if (failures.length > 0) break;
  }
  await queue.onIdle();
  await telemetry.stop();
  if (failures.length > 0) throw failures[0];
  const counts = telemetry.counts();
  if (counts.acknowledged === counts.ended) return counts;
  throw new Error(
    `expected all ${counts.ended} spans to be acknowledged by ${options.otlpUrl}, got ${counts.acknowledged}; last: ${counts.lastError}`,
  );
}

/** Tells the scripted model, apart from any request to it, on which orders it is to go wrong. */
async function announceMisbehaviours(modelUrl: string, requests: readonly PlannedRequest[]): Promise<void> {
  const planned = requests.flatMap(({ order, misbehaviour }) =>
    misbehaviour ? [[order.id, misbehaviour] as const] : [],
  );
  const response = await fetch(`${modelUrl}/misbehaviours`, {
    method: 'PUT',
    body: JSON.stringify(Object.fromEntries(planned)),
  });
  if (!response.ok)
    throw new Error(`expected the scripted model at ${modelUrl} to take the plan, got status ${response.status}`);
}

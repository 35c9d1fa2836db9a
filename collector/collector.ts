import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Log, LogReader } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { refusalAnswer, type Answer } from './answer.js';
import { createAuth, type Auth } from './auth.js';
import type { CollectorConfig } from './config.js';
import { createCors } from './cors.js';
import { createFeedback, FEEDBACK_PATH } from './feedback.js';
import { createGrpcServer } from './grpc-server.js';
import { answerEncoding } from './headers.js';
import { createCrowding } from './crowding.js';
import { createHeapGuard } from './heap-guard.js';
import { createHttpExport } from './http-export.js';
import { HttpServer } from './http-server.js';
import { createInFlight } from './in-flight.js';
import { createReceiver, type Receiver, type SignalCounters } from './receive.js';
import { createRefusalLog } from './refusal-log.js';
import { dispatch, type Route, type Routes } from './routes.js';
import type { SignalName } from './signal-names.js';
import { LOGS, METRICS, TRACES } from './signals.js';
import { createSourceIntake, sourceCounters } from './source-intake.js';

/** What an operator's path answers. */
export interface AdminPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Collaborators of the collector. */
export interface CollectorDeps {
  /** Takes the spans and log records. Who starts and stops it is not the collector. */
  readonly log: Pick<Log, 'append'>;
  /** Why the log would refuse so many bytes now, if it can tell. */
  readonly busRefusal?: (bytes: number) => string | undefined;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Answers /healthz, /readyz and /metrics; without it they are not served. */
  readonly admin?: (path: string) => Promise<AdminPage | undefined>;
  /** Topics that are taken in beside what is sent. Who opens and closes them is not the collector. */
  readonly sources?: readonly CollectorSource[];
  /** In [0, 1); spreads the senders' retries. */
  readonly random?: () => number;
  /** How full the heap is, in [0, 1]; of this thread when it is left out. */
  readonly heapRatio?: () => number;
}

/** A topic with OTLP requests that somebody else writes. */
export interface CollectorSource {
  readonly topic: 'spans' | 'logs';
  /** What its owner calls it. */
  readonly name: string;
  readonly encoding: 'otlp_proto' | 'otlp_json';
  readonly reader: Pick<LogReader, 'poll' | 'commit'>;
}

/** The OTLP receiver. */
export interface Collector extends Component {
  /** Such as `http://127.0.0.1:4318`; only once started. */
  readonly url: string;
  /** Where gRPC is spoken, such as `http://127.0.0.1:4317`; only once started, and undefined where it is off. */
  readonly grpcUrl: string | undefined;
}

const ADMIN_PATHS = ['/healthz', '/readyz', '/metrics'] as const;

/** Each path that a real exporter posts to. The longer ones are of Langfuse and of LangSmith. */
const EXPORT_PATHS = [
  ['/v1/traces', TRACES],
  ['/v1/logs', LOGS],
  ['/v1/metrics', METRICS],
  ['/api/public/otel/v1/traces', TRACES],
  ['/otel/v1/traces', TRACES],
] as const;

/**
 * Receives OTLP over HTTP and gRPC, and puts spans and log records on the bus, one record per trace. A request is acknowledged
 * when the bus has all of it; stopping waits for the requests that were taken.
 *
 * `start` throws {PipelineError} LISTEN_FAILED.
 */
export function createCollector(options: CollectorConfig, deps: CollectorDeps): Collector {
  const { metrics, clock, logger } = deps;
  const receiver = makeReceiver(options, deps);
  const auth = createAuth(options);
  const routes = makeRoutes(options, { ...deps, receiver, auth });
  const requests = metrics.counter('assay_collector_requests_total', 'HTTP requests answered, by status code.', [
    'code',
  ]);
  const closed = metrics.counter(
    'assay_collector_closed_connections_total',
    'Connections closed because there were too many.',
  );
  const http = new HttpServer(options.http, {
    clock,
    closed,
    answer: async (request) => {
      const answer = await answerSafely(routes, request, logger);
      requests.add(1, { code: String(answer.status) });
      return answer;
    },
  });
  const grpc = options.grpc.enabled ? createGrpcServer(options, { receiver, auth, clock, closed, metrics }) : undefined;
  const intakes = makeIntakes(options, deps, receiver);
  return {
    get url() {
      return http.url;
    },
    get grpcUrl() {
      return grpc?.url;
    },
    async start(signal) {
      await http.start(signal);
      try {
        await grpc?.start(signal);
      } catch (error) {
        await http.stop(AbortSignal.abort());
        throw error;
      }
      for (const intake of intakes) await intake.start(signal);
    },
    async stop(signal) {
      await Promise.all([http.stop(signal), grpc?.stop(signal), ...intakes.map((intake) => intake.stop(signal))]);
    },
  };
}

function makeReceiver(options: CollectorConfig, deps: CollectorDeps): Receiver {
  const { metrics, clock, logger } = deps;
  return createReceiver(options, {
    log: deps.log,
    busRefusal: deps.busRefusal,
    random: deps.random ?? (() => 0),
    crowding: createCrowding(clock),
    heap: createHeapGuard(options.maxHeapRatio, clock, deps.heapRatio),
    refusals: createRefusalLog({
      logger,
      clock,
      refused: metrics.counter('assay_collector_refused_requests_total', 'Requests that could not be put on the bus.'),
    }),
    inFlight: createInFlight(
      options.maxInFlightBytes,
      metrics.gauge('assay_collector_in_flight_bytes', 'Bytes of requests that the bus has not taken yet.'),
    ),
    counters: signalCounters(metrics),
  });
}

function makeIntakes({ tenant }: CollectorConfig, deps: CollectorDeps, receiver: Receiver): readonly Component[] {
  const { sources = [], clock, logger, metrics } = deps;
  if (sources.length === 0) return [];
  const counters = sourceCounters(metrics);
  return sources.map(({ topic, name, encoding, reader }) =>
    createSourceIntake(
      {
        signal: topic === 'spans' ? TRACES : LOGS,
        encoding: encoding === 'otlp_json' ? 'application/json' : 'application/x-protobuf',
        tenant,
        name,
        reader,
      },
      { receiver, log: deps.log, clock, logger, counters },
    ),
  );
}

interface RouteDeps extends CollectorDeps {
  readonly receiver: Receiver;
  readonly auth: Auth;
}

function makeRoutes(options: CollectorConfig, deps: RouteDeps): Routes {
  const { receiver, auth, admin } = deps;
  const { acceptTextPlain } = options.http;
  const cors = createCors(options.http.cors);
  const routes = new Map<string, Route>();
  for (const [path, signal] of EXPORT_PATHS) {
    const handle = createHttpExport(signal, { auth, receiver, acceptTextPlain });
    routes.set(path, { methods: ['POST'], cors, handle });
  }
  if (options.feedback.enabled) {
    const flags = deps.metrics.counter(
      'assay_collector_support_flags_total',
      'Support flags acknowledged to their senders.',
    );
    routes.set(FEEDBACK_PATH, { methods: ['POST'], cors, handle: createFeedback(options, { ...deps, flags }) });
  }
  routes.set('/info', { methods: ['GET', 'HEAD'], handle: langSmithInfo });
  if (admin === undefined) return routes;
  for (const path of ADMIN_PATHS) {
    routes.set(path, { methods: ['GET', 'HEAD'], handle: (request) => adminAnswer(request, path, admin) });
  }
  return routes;
}

/** LangSmith's client asks its server what that can do before it sends; everything in the answer is optional. */
async function langSmithInfo(): Promise<Answer> {
  return { status: 200, contentType: 'application/json', body: '{}' };
}

function signalCounters(metrics: Metrics): Readonly<Record<SignalName, SignalCounters>> {
  return {
    traces: {
      accepted: metrics.counter('assay_collector_spans_total', 'Spans acknowledged to their senders.'),
      cut: metrics.counter(
        'assay_collector_cut_spans_total',
        'Spans whose longest texts were cut, because the bus takes no record of their size.',
      ),
      rejected: metrics.counter(
        'assay_collector_rejected_spans_total',
        'Spans left out because of an invalid id, or because they are too large.',
      ),
    },
    logs: {
      accepted: metrics.counter(
        'assay_collector_logs_total',
        'Log records of agent work acknowledged to their senders.',
      ),
      cut: metrics.counter(
        'assay_collector_cut_logs_total',
        'Log records whose longest texts were cut, because the bus takes no record of their size.',
      ),
      ignored: metrics.counter(
        'assay_collector_ignored_logs_total',
        'Log records left out because they are not about the work of an agent, or about no trace.',
      ),
      rejected: metrics.counter(
        'assay_collector_rejected_logs_total',
        'Log records left out because of an invalid id, or because they are too large.',
      ),
    },
    metrics: {
      rejected: metrics.counter(
        'assay_collector_rejected_data_points_total',
        'Data points of metrics, none of which is kept.',
      ),
    },
  };
}

async function adminAnswer(
  request: IncomingMessage,
  path: string,
  admin: NonNullable<CollectorDeps['admin']>,
): Promise<Answer> {
  const page = await admin(path);
  return (
    page ??
    refusalAnswer(answerEncoding(request), { status: 404, message: `expected a path that is served, got ${path}.` })
  );
}

async function answerSafely(routes: Routes, request: IncomingMessage, logger: Logger): Promise<Answer> {
  try {
    return await dispatch(routes, request);
  } catch (error) {
    logger.error({ err: error }, 'a request could not be answered');
    const message = 'expected to answer this request, but an unexpected error came between; send it again.';
    return refusalAnswer(answerEncoding(request), { status: 503, message, retryAfterSeconds: 1 });
  }
}

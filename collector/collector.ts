import type { IncomingMessage } from 'node:http';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Log } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { refusalAnswer, type Answer } from './answer.js';
import type { CollectorConfig } from './config.js';
import { createExport, type ExportDeps, type SignalCounters } from './export-signal.js';
import { answerEncoding } from './headers.js';
import { HttpServer } from './http-server.js';
import { createInFlight } from './in-flight.js';
import { createRefusalLog } from './refusal-log.js';
import { dispatch, type Route, type Routes } from './routes.js';
import { LOGS, TRACES } from './signals.js';

/** What an operator's path answers. */
export interface AdminPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Collaborators of the collector. */
export interface CollectorDeps {
  /** Takes the spans and log records. Who starts and stops it is not the collector. */
  readonly log: Log;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Answers /healthz, /readyz and /metrics; without it they are not served. */
  readonly admin?: (path: string) => Promise<AdminPage | undefined>;
  /** In [0, 1); spreads the senders' retries. */
  readonly random?: () => number;
}

/** The OTLP receiver. */
export interface Collector extends Component {
  /** Such as `http://127.0.0.1:4318`; only once started. */
  readonly url: string;
}

const ADMIN_PATHS = ['/healthz', '/readyz', '/metrics'] as const;

/**
 * Receives OTLP over HTTP, and puts spans and log records on the bus, one record per trace. A request is acknowledged when the bus has
 * all of it; stopping waits for the requests that were taken.
 *
 * `start` throws {PipelineError} LISTEN_FAILED.
 */
export function createCollector(options: CollectorConfig, deps: CollectorDeps): Collector {
  const requests = deps.metrics.counter('assay_collector_requests_total', 'HTTP requests answered, by status code.', [
    'code',
  ]);
  const routes = makeRoutes(options, deps);
  const server = new HttpServer(options.http, {
    clock: deps.clock,
    answer: async (request) => {
      const answer = await answerSafely(routes, request, deps.logger);
      requests.add(1, { code: String(answer.status) });
      return answer;
    },
  });
  return {
    get url() {
      return server.url;
    },
    start: (signal) => server.start(signal),
    stop: (signal) => server.stop(signal),
  };
}

function makeRoutes(options: CollectorConfig, deps: CollectorDeps): Routes {
  const { metrics, admin } = deps;
  // Shared: the bound of the bytes in flight is over all signals.
  const shared: Omit<ExportDeps, 'counters'> = {
    log: deps.log,
    refusals: createRefusalLog({
      logger: deps.logger,
      clock: deps.clock,
      refused: metrics.counter('assay_collector_refused_requests_total', 'Requests that could not be put on the bus.'),
    }),
    random: deps.random ?? (() => 0),
    inFlight: createInFlight(
      options.maxInFlightBytes,
      metrics.gauge('assay_collector_in_flight_bytes', 'Bytes of requests that the bus has not taken yet.'),
    ),
  };
  const traces = createExport(TRACES, options, { ...shared, counters: spanCounters(metrics) });
  const logs = createExport(LOGS, options, { ...shared, counters: logCounters(metrics) });
  const routes = new Map<string, Route>([
    ['/v1/traces', { methods: ['POST'], handle: traces }],
    ['/v1/logs', { methods: ['POST'], handle: logs }],
  ]);
  if (admin === undefined) return routes;
  for (const path of ADMIN_PATHS) {
    routes.set(path, { methods: ['GET', 'HEAD'], handle: (request) => adminAnswer(request, path, admin) });
  }
  return routes;
}

function spanCounters(metrics: Metrics): SignalCounters {
  return {
    accepted: metrics.counter('assay_collector_spans_total', 'Spans acknowledged to their senders.'),
    rejected: metrics.counter('assay_collector_rejected_spans_total', 'Spans left out because of an invalid id.'),
  };
}

function logCounters(metrics: Metrics): SignalCounters {
  return {
    accepted: metrics.counter('assay_collector_logs_total', 'Log records of agent work acknowledged to their senders.'),
    ignored: metrics.counter(
      'assay_collector_ignored_logs_total',
      'Log records left out because they are not about the work of an agent, or about no trace.',
    ),
    rejected: metrics.counter('assay_collector_rejected_logs_total', 'Log records left out because of an invalid id.'),
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
    return refusalAnswer(answerEncoding(request), { status: 503, message, headers: { 'retry-after': '1' } });
  }
}

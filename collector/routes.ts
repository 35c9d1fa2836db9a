import type { IncomingMessage } from 'node:http';
import { refusalAnswer, type Answer, type Refusal } from './answer.js';
import { answerEncoding } from './headers.js';

/** What answers one path. */
export interface Route {
  readonly methods: readonly string[];
  readonly handle: (request: IncomingMessage) => Promise<Answer>;
}

/** Every path that is served. */
export type Routes = ReadonlyMap<string, Route>;

/** Finds the route of a request and lets it answer. */
export async function dispatch(routes: Routes, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const method = request.method ?? 'GET';
  const route = routes.get(path);
  if (route === undefined) return refusalAnswer(answerEncoding(request), notFound(path, routes));
  if (route.methods.includes(method)) return route.handle(request);
  const allow = route.methods.join(', ');
  const message = `expected ${allow} for ${path}, got ${method}; use ${allow}.`;
  return refusalAnswer(answerEncoding(request), { status: 405, message, headers: { allow } });
}

function notFound(path: string, routes: Routes): Refusal {
  if (path === '/v1/metrics') {
    const message = `expected traces or logs, got metrics, which are not received here; set OTEL_METRICS_EXPORTER=none to stop sending them.`;
    return { status: 404, message };
  }
  const known = [...routes.keys()].join(', ');
  const shown = path.length > 100 ? `${path.slice(0, 100)}…` : path;
  return {
    status: 404,
    message: `expected a path of ${known}, got ${shown}; check the endpoint that the sender is given.`,
  };
}

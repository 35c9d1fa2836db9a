import type { IncomingMessage } from 'node:http';
import { refusalAnswer, type Answer, type Refusal } from './answer.js';
import type { Cors } from './cors.js';
import { answerEncoding } from './headers.js';

/** What answers one path. */
export interface Route {
  readonly methods: readonly string[];
  /** Set where pages in a browser may send. */
  readonly cors?: Cors;
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
  const { methods, cors } = route;
  if (cors === undefined) return methods.includes(method) ? route.handle(request) : wrongMethod(request, methods);
  const allowed = [...methods, 'OPTIONS'];
  const answer = await (method === 'OPTIONS'
    ? cors.preflight(request, allowed.join(', '))
    : methods.includes(method)
      ? route.handle(request)
      : wrongMethod(request, allowed));
  return { ...answer, headers: { ...answer.headers, ...cors.headers(request) } };
}

function wrongMethod(request: IncomingMessage, methods: readonly string[]): Answer {
  const allow = methods.join(', ');
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const message = `expected ${allow} for ${path}, got ${request.method ?? 'none'}; use ${methods[0] ?? ''}.`;
  return refusalAnswer(answerEncoding(request), { status: 405, message, headers: { allow } });
}

function notFound(path: string, routes: Routes): Refusal {
  const known = [...routes.keys()].join(', ');
  const shown = path.length > 100 ? `${path.slice(0, 100)}…` : path;
  return {
    status: 404,
    message: `expected a path of ${known}, got ${shown}; check the endpoint that the sender is given.`,
  };
}

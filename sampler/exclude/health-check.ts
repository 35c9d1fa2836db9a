import { attributeText } from '../../core/attribute-text.js';
import type { Span } from '../../core/span.js';

const HEALTH_PATHS: ReadonlySet<string> = new Set([
  '/health',
  '/healthz',
  '/live',
  '/livez',
  '/ping',
  '/ready',
  '/readyz',
  '/status',
]);

/** Of the newest and the older HTTP conventions; the first that is there has the path. */
const PATH_ATTRIBUTES = ['url.path', 'http.target', 'url.full', 'http.url', 'http.route'] as const;
const METHOD_ATTRIBUTES = ['http.request.method', 'http.method'] as const;
const AGENT_ATTRIBUTES = ['user_agent.original', 'http.user_agent'] as const;
const SERVER = 2;
const CLIENT = 3;
const NAMED_BY_PATH = /^(?:GET|HEAD) (\/\S*)$/;

/** Whether it is an HTTP request to a well-known health path, or one of Kubernetes' probes. */
export function isHealthCheck(span: Span): boolean {
  if (span.kind !== SERVER && span.kind !== CLIENT) return false;
  const isHttp = first(span, METHOD_ATTRIBUTES) !== undefined;
  if (isHttp && first(span, AGENT_ATTRIBUTES)?.startsWith('kube-probe') === true) return true;
  const path = pathOf(first(span, PATH_ATTRIBUTES) ?? NAMED_BY_PATH.exec(span.name)?.[1] ?? '');
  return HEALTH_PATHS.has(path);
}

function first(span: Span, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = span.attributes.get(key);
    if (value !== undefined && value !== null && value !== '') return attributeText(value);
  }
  return undefined;
}

/** Of a URL or a path, without query and without a slash at its end. */
function pathOf(target: string): string {
  const path = target.replace(/^[a-z]+:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

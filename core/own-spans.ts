import type { Span } from './span.js';

/** Resource attribute of everything that Assay itself emits: what carries it is never judged. */
export const OWN_ATTRIBUTE = 'assay.internal';

/** True for a span of Assay's own. */
export function isOwnSpan(span: Pick<Span, 'resource'>): boolean {
  return String(span.resource.get(OWN_ATTRIBUTE)) === 'true';
}

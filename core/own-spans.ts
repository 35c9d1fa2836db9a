import type { Span } from './span.js';

/** Resource attribute of everything that Assay itself emits: what carries it is never judged. */
export const OWN_ATTRIBUTE = 'assay.internal';

/** True for a span of Assay's own. */
export function isOwnSpan(span: Pick<Span, 'resource'>): boolean {
  const marked = span.resource.get(OWN_ATTRIBUTE);
  return marked === true || marked === 'true';
}

import type { AttributeValue } from '../core/attributes.js';
import type { Feedback } from '../core/feedback.js';
import type { Span } from '../core/span.js';
import { at, inOrder, type Indexed } from './flattened.js';
import { toFeedback, type FeedbackTarget } from './to-feedback.js';
import { text } from './values.js';

type Scope = 'span' | 'trace' | 'session';
type Annotation = Record<string, AttributeValue>;

const KEY = /^(?:(trace|session)\.)?(annotation|evaluation)s\.(\d{1,5})\.\2\.([a-z_]+)$/;

/**
 * OpenInference annotations and evaluations that are about the target: on a span of its own, or on a later span that says
 * by exactly one link what it is about. Whose child a span is says nothing of that.
 */
export function readAnnotations(span: Span, target: FeedbackTarget): readonly Feedback[] {
  const found = gather(span);
  if (found.size === 0) return [];
  const subject = subjectOf(span);
  return [...found].flatMap(([scope, annotations]) => {
    const spanId = placeOf(scope, { span, subject, target });
    if (spanId === undefined) return [];
    return inOrder(annotations).flatMap((one) =>
      toFeedback({
        name: one.name,
        score: one.score,
        label: one.label,
        explanation: one.explanation,
        kind: one.annotator_kind,
        spanId,
        timeNs: span.startNs,
      }),
    );
  });
}

function gather(span: Span): ReadonlyMap<Scope, Indexed<Annotation>> {
  const found = new Map<Scope, Indexed<Annotation>>();
  const lists = new Map<string, Indexed<Annotation>>();
  for (const [key, value] of span.attributes) {
    if (!key.includes('annotation') && !key.includes('evaluation')) continue;
    const [, prefix, noun = '', index, field = ''] = KEY.exec(key) ?? [];
    if (index === undefined) continue;
    const list = lists.get(`${prefix ?? 'span'} ${noun}`) ?? new Map<number, Annotation>();
    lists.set(`${prefix ?? 'span'} ${noun}`, list);
    const one = at<Annotation>(list, index, () => Object.create(null) as Annotation);
    if (one !== undefined) one[field] = value;
  }
  for (const [name, list] of lists) {
    const scope = name.split(' ')[0] as Scope;
    const all = found.get(scope) ?? new Map<number, Annotation>();
    found.set(scope, all);
    for (const one of inOrder(list)) all.set(all.size, one);
  }
  return found;
}

interface Subject {
  readonly traceId: string;
  readonly spanId: string;
}

/** What a span's annotations are about. @returns undefined when several links leave it open */
function subjectOf({ links, traceId, spanId }: Span): Subject | undefined {
  const [link, ...more] = links;
  if (link === undefined) return { traceId, spanId };
  return more.length > 0 ? undefined : link;
}

interface Placing {
  readonly span: Span;
  readonly subject: Subject | undefined;
  readonly target: FeedbackTarget;
}

/** The span that annotations of a scope are about; empty for the whole trace. @returns undefined when it is another trace's */
function placeOf(scope: Scope, { span, subject, target }: Placing): string | undefined {
  const isTarget = subject?.traceId === target.traceId;
  if (scope !== 'session') return isTarget ? (scope === 'span' ? subject.spanId : '') : undefined;
  const sessionId = text(span.attributes.get('session.id'));
  if (sessionId === undefined) return isTarget ? '' : undefined;
  return sessionId === target.sessionId ? '' : undefined;
}

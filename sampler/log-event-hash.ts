import { createHash } from 'node:crypto';
import { attributeText } from '../core/attribute-text.js';
import type { LogEvent } from '../core/log-event.js';
import type { Hash64 } from './span-hash.js';

/** A log event as it is counted. */
export interface CountedLog {
  readonly event: LogEvent;
  readonly hash: Hash64;
}

/** Read into `name`, and by some emitters sent beside it. */
const NAME_ATTRIBUTE = 'event.name';
/** What Assay itself notes beside a stored record. */
const OWN_PREFIX = 'assay.';

/**
 * Counts a log event by span, name, time and content, since one span has many events of one name at one time. Content is
 * hashed as text with sorted keys: the same from the bus and from the store.
 */
export function countLog(event: LogEvent): CountedLog {
  const parts = [event.spanId, event.name, String(event.timeNs), attributeText(event.body)];
  const keys = [...event.attributes.keys()].filter((key) => key !== NAME_ATTRIBUTE && !key.startsWith(OWN_PREFIX));
  for (const key of keys.sort()) parts.push(key, attributeText(event.attributes.get(key) ?? null));
  // Each with its length, so that no two lists are one text; in one piece, because a call for each costs more than the hash.
  const text = parts.map((part) => `${part.length}:${part}`).join('');
  const digest = createHash('sha256').update(text).digest();
  return { event, hash: { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) } };
}

/** Feedback is about a run, and no part of it: it is never collected, and neither opens a trace nor opens it again. */
export function isFeedback({ name }: Pick<LogEvent, 'name'>): boolean {
  return name === 'gen_ai.evaluation.result';
}

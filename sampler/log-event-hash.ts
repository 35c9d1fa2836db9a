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
  const hash = createHash('sha256');
  const put = (part: string): void => void hash.update(`${part.length}:`).update(part);
  put(event.spanId);
  put(event.name);
  put(String(event.timeNs));
  put(attributeText(event.body));
  const keys = [...event.attributes.keys()].filter((key) => key !== NAME_ATTRIBUTE && !key.startsWith(OWN_PREFIX));
  for (const key of keys.sort()) {
    put(key);
    put(attributeText(event.attributes.get(key) ?? null));
  }
  const digest = hash.digest();
  return { event, hash: { high: digest.readUInt32BE(0), low: digest.readUInt32BE(4) } };
}

/** Feedback is about a run, and no part of it: it is never collected, and neither opens a trace nor opens it again. */
export function isFeedback({ name }: Pick<LogEvent, 'name'>): boolean {
  return name === 'gen_ai.evaluation.result';
}

import type { AttributeValue } from '../core/attributes.js';
import { canonicalJson, isArray, looksStructured, parseJson } from './json.js';

/** A JSON object, or an OTLP kvlist. */
export type Structure = Readonly<Record<string, AttributeValue>>;

/** What emitters write in place of a text that they were told to hide. */
const HIDDEN = new Set(['<REDACTED>', '__REDACTED__']);

/** The value as text; structures as canonical JSON. Empty values are absent: the span table cannot tell them apart. */
export function text(value: AttributeValue | undefined): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64') || undefined;
  return typeof value === 'object' ? canonicalJson(value) : String(value);
}

/** Scalars and bytes as text, because from a row of the span table that is all there is; structures as they are. */
export function plain(value: AttributeValue | undefined): AttributeValue | undefined {
  return isStructure(value) || isArray(value) ? value : text(value);
}

/** Like `text`, for what may be hidden: a redaction marker is no content. */
export function content(value: AttributeValue | undefined): string | undefined {
  const found = text(value);
  return found === undefined || HIDDEN.has(found.trim()) ? undefined : found;
}

/** Like `content`, for emitters that encode every value: a text comes out without its JSON quotes. */
export function unquoted(value: AttributeValue | undefined): string | undefined {
  const found = content(value);
  if (found?.startsWith('"') !== true) return found;
  try {
    const inner: unknown = JSON.parse(found);
    return typeof inner === 'string' ? content(inner) : found;
  } catch {
    return found;
  }
}

/** A count of something, sent as a number or as its text. */
export function count(value: AttributeValue | undefined): number | undefined {
  const digits = typeof value === 'object' ? undefined : text(value);
  if (digits === undefined || digits.trim() === '') return undefined;
  const number = Math.round(Number(digits));
  return Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** The value with its JSON text parsed, or as it is when it is none. */
export function structured(value: AttributeValue | undefined): AttributeValue | undefined {
  return typeof value === 'string' ? (parseJson(value) ?? value) : value;
}

/** The items of an array, of its JSON text, or of a single value. */
export function list(value: AttributeValue | undefined): readonly AttributeValue[] {
  const found = structured(value);
  if (found === undefined || found === null || found === '') return [];
  return isArray(found) ? found : [found];
}

/** The value as an object, parsed when it is JSON text. */
export function structure(value: AttributeValue | undefined): Structure | undefined {
  const found = typeof value === 'string' ? (looksStructured(value) ? parseJson(value) : undefined) : value;
  return isStructure(found) ? found : undefined;
}

/** True for an object that is neither list nor bytes. */
export function isStructure(value: unknown): value is Structure {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** The first member of these names that holds something. */
export function member(of: Structure, ...names: readonly string[]): AttributeValue | undefined {
  for (const name of names) {
    const value = of[name];
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

/** Optional properties may be handed over as undefined; required ones not. */
export type Loose<T> = { readonly [K in keyof T]: object extends Pick<T, K> ? T[K] | undefined : T[K] };

/** The object without the properties that are undefined. */
export function defined<T extends object>(value: Loose<T>): T {
  const kept: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) if (item !== undefined) kept[key] = item;
  return kept as T;
}

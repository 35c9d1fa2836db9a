import type { AttributeValue } from '../core/attributes.js';

/** Deeper values are kept as text: nothing an agent means nests like this, and walking it must not exhaust the stack. */
const MAX_DEPTH = 100;
const LONG_INTEGER = /\d{16}/;
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;
const MARKED_INTEGER = /^\0int:(-?\d+)$/;

/**
 * Parses text that looks like a JSON object, array or string, once more when that gives a string that does too: emitters
 * encode twice. Integers beyond 2^53 come out as bigint, because a rounded amount or id would be a wrong one.
 *
 * @returns undefined when the text is not JSON (plain, or cut by an attribute length limit): the caller keeps it as it is
 */
export function parseJson(text: string): AttributeValue | undefined {
  const once = parseOnce(text);
  if (typeof once !== 'string' || !looksStructured(once)) return once;
  return parseOnce(once) ?? once;
}

/** True when the first character opens a JSON object or array. */
export function looksStructured(text: string): boolean {
  const first = firstCharacter(text);
  return first === '{' || first === '[';
}

function parseOnce(text: string): AttributeValue | undefined {
  if (firstCharacter(text) !== '"' && !looksStructured(text)) return undefined;
  try {
    const plain: unknown = JSON.parse(text);
    const value = (LONG_INTEGER.test(text) ? parseExactly(text) : plain) as AttributeValue;
    return isDeeperThan(value, MAX_DEPTH) ? undefined : value;
  } catch {
    return undefined;
  }
}

function firstCharacter(text: string): string {
  let i = 0;
  while (i < text.length && text.charCodeAt(i) <= 0x20) i++;
  return text.charAt(i);
}

/** JSON.parse rounds long integers, so they travel through it as marked strings. Only for text that is JSON. */
function parseExactly(text: string): unknown {
  const marked = text.replace(STRING_OR_NUMBER, (token) =>
    /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"\\u0000int:${token}"` : token,
  );
  return JSON.parse(marked, (_key, value: unknown) => {
    const digits = typeof value === 'string' ? MARKED_INTEGER.exec(value)?.[1] : undefined;
    return digits === undefined ? value : BigInt(digits);
  });
}

function isDeeperThan(value: AttributeValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (depth === 0) return true;
  for (const child of Object.values<AttributeValue>(value)) if (isDeeperThan(child, depth - 1)) return true;
  return false;
}

/**
 * JSON text with sorted keys and no white space, so that a value has one text whether it came as an OTLP structure, as
 * JSON, or as a row of the span table. Bytes are base64, as OTLP/JSON has them.
 */
export function canonicalJson(value: AttributeValue | undefined): string {
  return write(value ?? null, MAX_DEPTH);
}

function write(value: AttributeValue, depth: number): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (depth === 0) return 'null';
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'));
  if (isArray(value)) return `[${value.map((item) => write(item, depth - 1)).join(',')}]`;
  const members = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${write(value[key] ?? null, depth - 1)}`);
  return `{${members.join(',')}}`;
}

/** `Array.isArray` that knows of readonly arrays. */
export function isArray(value: unknown): value is readonly AttributeValue[] {
  return Array.isArray(value);
}

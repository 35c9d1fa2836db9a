import { WIRE, type WireReader } from './wire-reader.js';

/** Where an id lies in the bytes. */
export interface IdPlace {
  start: number;
  length: number;
}

export const TRACE_ID = { name: 'trace id', size: 16 } as const;
export const SPAN_ID = { name: 'span id', size: 8 } as const;

/** Consumes the id that the reader is at. */
export function readId(reader: WireReader, place: IdPlace): void {
  reader.expect(WIRE.bytes);
  place.length = reader.length();
  place.start = reader.position;
  reader.position += place.length;
}

/** True for an id of zeros only, and for none. */
export function isZero(bytes: Uint8Array, { start, length }: IdPlace): boolean {
  for (let index = start; index < start + length; index++) if (bytes[index] !== 0) return false;
  return true;
}

/** What is wrong with the length of an id, or an empty string. */
export function lengthProblem({ length }: IdPlace, expected: { readonly name: string; readonly size: number }): string {
  if (length === expected.size) return '';
  return `expected a ${expected.name} of ${expected.size} bytes, got ${length} bytes`;
}

/** Trace ids in lower-case hex, one after another. Most items share it with the one before. */
export class TraceIdText {
  private last = '';
  private lastStart = 0;

  of(bytes: Buffer, start: number): string {
    const { last, lastStart } = this;
    if (last !== '' && bytes.compare(bytes, lastStart, lastStart + 16, start, start + 16) === 0) return last;
    this.lastStart = start;
    return (this.last = bytes.toString('hex', start, start + 16));
  }
}

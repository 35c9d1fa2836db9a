import { makeBatch, SPANS_PER_BATCH, SPANS_PER_TRACE, TRACES_PER_BATCH } from '../../../bench/intake/payload.js';

export { SPANS_PER_BATCH, TRACES_PER_BATCH };

/** Requests of 512 spans, no two with the same traces, made at the cost of a copy. */
export interface StampedRequests {
  /** The bytes of request `number`: the same each time. */
  body(number: number): Buffer;
  /** First digits of all trace ids; the number follows in 8 hex digits. */
  readonly prefix: string;
}

interface Template {
  readonly bytes: Buffer;
  /** For each trace, where its id stands. */
  readonly places: readonly (readonly number[])[];
}

const TEMPLATES = 8;
/** Field 1 of a span, 16 bytes long: the trace id comes after. */
const TRACE_ID_TAG = Buffer.from([0x0a, 0x10]);
const ID_BYTES = 16;

/** @param nonce - 32 bits that no other run on the same store has */
export function createStampedRequests(nonce: number): StampedRequests {
  const templates = Array.from({ length: TEMPLATES }, (_, index) => toTemplate(makeBatch(index, 'protobuf')));
  const id = Buffer.alloc(ID_BYTES);
  id.writeUInt32BE(nonce, 0);
  return {
    prefix: id.toString('hex', 0, 4),
    body(number) {
      const { bytes, places } = templates[number % TEMPLATES]!;
      const body = Buffer.from(bytes);
      id.writeUInt32BE(number, 4);
      for (const [trace, positions] of places.entries()) {
        // Spread, because ids of traces are.
        id.writeUInt32BE(Math.imul(number * TRACES_PER_BATCH + trace + 1, 0x9e3779b1) >>> 0, 8);
        id.writeUInt32BE(trace, 12);
        for (const position of positions) id.copy(body, position);
      }
      return body;
    },
  };
}

function toTemplate(bytes: Buffer): Template {
  const places = new Map<string, number[]>();
  for (let at = bytes.indexOf(TRACE_ID_TAG); at !== -1; at = bytes.indexOf(TRACE_ID_TAG, at + 1)) {
    const id = bytes.toString('hex', at + TRACE_ID_TAG.length, at + TRACE_ID_TAG.length + ID_BYTES);
    const known = places.get(id) ?? [];
    known.push(at + TRACE_ID_TAG.length);
    places.set(id, known);
  }
  // Two bytes alike may stand elsewhere too, but not as often as a trace has spans.
  const traces = [...places.values()].filter(({ length }) => length === SPANS_PER_TRACE);
  if (traces.length !== TRACES_PER_BATCH)
    throw new Error(`expected ${TRACES_PER_BATCH} traces of ${SPANS_PER_TRACE} spans, found ${traces.length}`);
  return { bytes, places: traces };
}

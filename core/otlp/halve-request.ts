import { addPiece, TraceGroups, type Owner, type Place } from './trace-frame.js';
import { WIRE, WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** An item and what it stands in. */
interface Placed {
  readonly place: Place;
  readonly start: number;
  readonly end: number;
}

const NOTHING = new Uint8Array(0);

/**
 * Makes two OTLP requests of one, each with about half of the bytes of its spans or log records, in their order. Resource and scope
 * go with each item.
 *
 * @param bytes - a request that was checked at admission
 * @returns undefined of a request with a single item
 */
export function halveRequest(bytes: Uint8Array): readonly [first: Uint8Array, second: Uint8Array] | undefined {
  const items = readItems(bytes);
  if (items.length < 2) return undefined;
  const middle = middleOf(items);
  return [write(bytes, items.slice(0, middle)), write(bytes, items.slice(middle))];
}

/** How many items make about half of the bytes; at least one, and not all. */
function middleOf(items: readonly Placed[]): number {
  const half = items.reduce((sum, { start, end }) => sum + end - start, 0) / 2;
  let sum = 0;
  for (let index = 0; index < items.length - 1; index++) {
    const { start, end } = items[index]!;
    if (index > 0 && sum + (end - start) / 2 > half) return index;
    sum += end - start;
  }
  return items.length - 1;
}

function readItems(bytes: Uint8Array): readonly Placed[] {
  const reader = new WireReader(bytes);
  const items: Placed[] = [];
  while (reader.next()) {
    if (reader.field === 1 && reader.wireType === WIRE.bytes) readResourceItems(reader, items);
    else reader.skip();
  }
  return items;
}

function readResourceItems(reader: WireReader, items: Placed[]): void {
  const resource: Owner = { own: [], beside: [] };
  const outer = reader.enter();
  for (let start = reader.position; reader.next(); start = reader.position) {
    if (reader.field === 1) readOwn(reader, resource);
    else if (reader.field === 2) readScopeItems(reader, resource, items);
    else readBeside(reader, resource, start);
  }
  reader.leave(outer);
}

function readScopeItems(reader: WireReader, resource: Owner, items: Placed[]): void {
  const place: Place = { resource, scope: { own: [], beside: [] } };
  const outer = reader.enter();
  for (let start = reader.position; reader.next(); start = reader.position) {
    if (reader.field === 1) readOwn(reader, place.scope);
    else if (reader.field === 2) {
      reader.skip();
      items.push({ place, start, end: reader.position });
    } else readBeside(reader, place.scope, start);
  }
  reader.leave(outer);
}

function readOwn(reader: WireReader, owner: Owner): void {
  const outer = reader.enter();
  addPiece(owner.own, reader.position, reader.end);
  reader.leave(outer);
}

function readBeside(reader: WireReader, owner: Owner, start: number): void {
  reader.skip();
  addPiece(owner.beside, start, reader.position);
}

function write(bytes: Uint8Array, items: readonly Placed[]): Uint8Array {
  const trace = new TraceGroups();
  for (const { place, start, end } of items) trace.add(place, start, end);
  const writer = new WireWriter(trace.size(NOTHING) + 16);
  trace.write(writer, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), NOTHING);
  return writer.finish();
}

import type { ItemSource, Range } from '../../core/otlp/decode-envelope.js';
import { createResourceParts } from '../row-parts.js';
import { encodeMap, type EncodedMap } from './map-column.js';

/** A resource's part of the rows of its spans, encoded once. */
export interface EncodedResource extends EncodedMap {
  readonly service: Buffer;
}

const MAX_ENTRIES = 256;
const MAX_ENTRY_BYTES = 16 * 1024;

/** Resources as rows hold them. A service sends the same one with every trace; these are encoded once for all records. */
export class ResourceCache {
  readonly #entries = new Map<string, EncodedResource>();

  /** Of the spans of one tenant. Once the record has been read, as a resource may come after its spans. */
  of({ bytes, resource }: ItemSource, tenant: string): EncodedResource {
    const [part, ...more] = resource.parts;
    if (part === undefined || more.length > 0 || sizeOf(part) > MAX_ENTRY_BYTES) return encode(resource, tenant);
    const key = `${tenant}\0${bytes.toString('latin1', part.start, part.end)}`;
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = encode(resource, tenant);
      if (this.#entries.size === MAX_ENTRIES) this.#entries.clear();
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

function encode({ attributes }: ItemSource['resource'], tenant: string): EncodedResource {
  const { texts, service } = createResourceParts({ tenant, acceptedAtMs: 0 })(attributes);
  return { ...encodeMap(texts), service: Buffer.from(service) };
}

function sizeOf({ start, end }: Range): number {
  return end - start;
}

import { WireReader } from './wire-reader.js';

/** How large a span or log record may be. */
export interface ItemLimits {
  readonly maxBytes: number;
  /** Of attributes, events and links together. */
  readonly maxParts: number;
  readonly maxKeyBytes: number;
}

/** Bounds nothing. */
export const NO_LIMITS: ItemLimits = { maxBytes: Infinity, maxParts: Infinity, maxKeyBytes: Infinity };

/** Measures the item that is read. Runs for every field of every span: it allocates nothing unless a key may be too long. */
export class ItemSize {
  private start = 0;
  private parts = 0;
  private longestKey = 0;

  constructor(
    private readonly reader: WireReader,
    private readonly limits: ItemLimits,
  ) {}

  /** An item begins where the reader is. */
  begin(): void {
    this.start = this.reader.position;
    this.parts = 0;
    this.longestKey = 0;
  }

  part(): void {
    this.parts++;
  }

  /** Counts a checked attribute. @param start - of its length; it ends where the reader is */
  attribute(start: number): void {
    this.parts++;
    if (this.reader.position - start > this.limits.maxKeyBytes) this.measureKey(start);
  }

  /** What is too much of the item, which ends where the reader is; empty when nothing is. */
  problem(noun: string): string {
    const { maxBytes, maxParts, maxKeyBytes } = this.limits;
    const bytes = this.reader.position - this.start;
    if (bytes > maxBytes) return `expected a ${noun} of at most ${maxBytes} bytes, got ${bytes}`;
    if (this.parts > maxParts)
      return `expected a ${noun} of at most ${maxParts} attributes, events and links, got ${this.parts}`;
    if (this.longestKey <= maxKeyBytes) return '';
    return `expected attribute keys of at most ${maxKeyBytes} bytes, got one of ${this.longestKey}`;
  }

  private measureKey(start: number): void {
    const attribute = new WireReader(this.reader.bytes, start, this.reader.position);
    attribute.enter();
    while (attribute.next()) {
      const { field, position } = attribute;
      attribute.skip();
      if (field === 1) this.longestKey = Math.max(this.longestKey, keyBytes(attribute, position));
    }
  }
}

function keyBytes(reader: WireReader, start: number): number {
  const key = new WireReader(reader.bytes, start, reader.position);
  return key.length();
}

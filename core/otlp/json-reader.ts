import { malformed } from './malformed.js';

/** The deepest that arrays and objects may lie inside one another, in JSON that nobody reads. */
const MAX_DEPTH = 256;

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * Reads JSON token by token, off UTF-8 bytes. Numbers stay text: JSON.parse would round 64-bit integers.
 * Of a text without escapes only the place is told, so that it can be copied.
 */
export class JsonReader {
  position = 0;
  /** Where the string lies that `string` passed over; it has escapes when `escaped`. */
  stringStart = 0;
  stringEnd = 0;
  escaped = false;

  constructor(readonly bytes: Buffer) {
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.position = 3;
  }

  /** Type of the value that comes next. */
  peek(): JsonType {
    const byte = this.byte();
    if (byte === OPEN_OBJECT) return 'object';
    if (byte === OPEN_ARRAY) return 'array';
    if (byte === QUOTE) return 'string';
    if (byte === 0x74 || byte === 0x66) return 'boolean';
    if (byte === 0x6e) return 'null';
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return 'number';
    throw this.malformed('expected a JSON value');
  }

  /** Enters an object; false when it is empty, and then consumed. */
  openObject(): boolean {
    this.take(OPEN_OBJECT, '{');
    return !this.takes(CLOSE_OBJECT);
  }

  /** Consumes a key; `text` and `stringIs` tell it. */
  key(): void {
    this.string();
    this.take(COLON, ':');
  }

  /** True when the object goes on with another key; else it is consumed. */
  nextMember(): boolean {
    if (this.takes(COMMA)) return true;
    this.take(CLOSE_OBJECT, '}');
    return false;
  }

  /** Enters an array; false when it is empty, and then consumed. */
  openArray(): boolean {
    this.take(OPEN_ARRAY, '[');
    return !this.takes(CLOSE_ARRAY);
  }

  /** True when the array goes on with another element; else it is consumed. */
  nextElement(): boolean {
    if (this.takes(COMMA)) return true;
    this.take(CLOSE_ARRAY, ']');
    return false;
  }

  /** True when the string that was just consumed has these very bytes. */
  stringIs(name: Uint8Array): boolean {
    const { bytes, stringStart } = this;
    if (this.stringEnd - stringStart !== name.length) return false;
    for (let index = 0; index < name.length; index++) {
      if (bytes[stringStart + index] !== name[index]) return false;
    }
    return true;
  }

  /** Consumes a string, and tells where it lies. */
  string(): void {
    this.take(QUOTE, 'a string');
    const { bytes } = this;
    let position = this.position;
    this.escaped = false;
    for (;;) {
      const byte = bytes[position];
      if (byte === QUOTE) break;
      if (byte === undefined || byte < 0x20) throw this.malformed('expected the end of a string');
      if (byte === BACKSLASH) {
        this.escaped = true;
        position++;
      }
      position++;
    }
    this.stringStart = this.position;
    this.stringEnd = position;
    this.position = position + 1;
  }

  /** Text of the string that was just consumed. */
  text(): string {
    const text = this.bytes.toString('utf8', this.stringStart, this.stringEnd);
    if (!this.escaped) return text;
    try {
      return JSON.parse(`"${text}"`) as string;
    } catch {
      throw this.malformed('expected JSON escapes in a string, got others before');
    }
  }

  /** Consumes a number; the answer is as it was written. */
  number(): string {
    this.byte();
    const start = this.position;
    let position = start;
    while (isNumberByte(this.bytes[position])) position++;
    const text = this.bytes.toString('latin1', start, position);
    if (!NUMBER.test(text)) throw this.malformed('expected a JSON number');
    this.position = position;
    return text;
  }

  boolean(): boolean {
    const value = this.byte() === 0x74;
    this.literal(value ? 'true' : 'false');
    return value;
  }

  null(): void {
    this.literal('null');
  }

  /** Consumes whatever comes next. */
  skip(depth = 0): void {
    if (depth > MAX_DEPTH) throw this.malformed(`expected at most ${MAX_DEPTH} nested values, got more`);
    const type = this.peek();
    if (type === 'object') {
      for (let more = this.openObject(); more; more = this.nextMember()) {
        this.key();
        this.skip(depth + 1);
      }
    } else if (type === 'array') {
      for (let more = this.openArray(); more; more = this.nextElement()) this.skip(depth + 1);
    } else if (type === 'string') {
      this.string();
      if (this.escaped) this.text();
    } else if (type === 'number') this.number();
    else if (type === 'boolean') this.boolean();
    else this.null();
  }

  /** @throws {PipelineError} OTLP_MALFORMED when anything but white space is left */
  finish(): void {
    this.skipSpace();
    if (this.position < this.bytes.length) throw this.malformed('expected the end of the JSON document, got more');
  }

  malformed(problem: string): Error {
    return malformed(problem, `byte ${this.position}`);
  }

  private literal(word: string): void {
    this.byte();
    const end = this.position + word.length;
    if (this.bytes.toString('latin1', this.position, end) !== word) throw this.malformed(`expected ${word}`);
    this.position = end;
  }

  /** The next byte that is no white space, not consumed. */
  private byte(): number {
    this.skipSpace();
    const byte = this.bytes[this.position];
    if (byte === undefined) throw this.malformed('expected more JSON, got its end');
    return byte;
  }

  private takes(byte: number): boolean {
    if (this.byte() !== byte) return false;
    this.position++;
    return true;
  }

  private take(byte: number, name: string): void {
    if (!this.takes(byte)) throw this.malformed(`expected ${name}`);
  }

  private skipSpace(): void {
    const { bytes } = this;
    let position = this.position;
    for (;;) {
      const byte = bytes[position];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      position++;
    }
    this.position = position;
  }
}

function isNumberByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (
    (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x2b || byte === 0x2e || byte === 0x65 || byte === 0x45
  );
}

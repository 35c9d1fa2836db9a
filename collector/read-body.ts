import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { BufferPool } from '../core/buffer-pool.js';
import type { Refusal } from './answer.js';

/** Bytes that the inflater gives at a time. */
const INFLATE_CHUNK_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** A request's body on its way in. */
export interface Body {
  readonly source: Readable;
  readonly gzip: boolean;
  /** Its size as the sender gives it, if at all. */
  readonly declaredBytes?: number;
  /** True once the source gave all of it. */
  readonly isWhole: () => boolean;
}

export interface BodyLimits {
  /** Bound of the body, as it came and inflated. */
  readonly maxBytes: number;
  /** How many times its size a body may inflate to; asked of one that is large by then. */
  readonly maxInflationRatio: number;
  /** Told what is held so far; false ends the reading. */
  readonly hold: (bytes: number) => boolean;
  readonly overloaded: Refusal;
  /** Where the memory of the body comes from. */
  readonly pool: BufferPool;
}

/** A body, its memory to be released once nothing reads it any more; or why there is none. */
export type BodyResult = { readonly bytes: Buffer; readonly release: () => void } | { readonly refusal: Refusal };

/**
 * Reads a request's body, inflated: the one inflater of all encodings. At no time is more held than the bounds allow: it is
 * stopped at the byte that is too much. What is left unread stays in the source.
 */
export function readBody(body: Body, limits: BodyLimits): Promise<BodyResult> {
  const { declaredBytes = 0 } = body;
  if (declaredBytes > limits.maxBytes)
    return Promise.resolve({ refusal: tooLarge(limits.maxBytes, `${declaredBytes} by Content-Length`) });
  return new Promise((resolve) => {
    new BodyReader(body, limits, resolve).start();
  });
}

class BodyReader {
  private readonly growing: GrowingBody;
  private received = 0;
  private done = false;
  private readonly inflater: Gunzip | undefined;
  private readonly inflated: Readable;

  constructor(
    private readonly body: Body,
    private readonly limits: BodyLimits,
    private readonly resolve: (result: BodyResult) => void,
  ) {
    this.growing = new GrowingBody(body.gzip ? 0 : (body.declaredBytes ?? 0), limits);
    this.inflater = body.gzip ? createGunzip({ chunkSize: INFLATE_CHUNK_BYTES }) : undefined;
    this.inflated = this.inflater ?? body.source;
  }

  start(): void {
    const { inflated, inflater } = this;
    const { source } = this.body;
    inflated.on('data', this.onData);
    inflated.on('end', this.onEnd);
    inflated.on('error', this.onError);
    source.on('close', this.onClose);
    if (inflater === undefined) return;
    source.on('error', this.onClose);
    source.on('data', this.onCompressed);
    source.pipe(inflater);
  }

  private readonly onData = (chunk: Buffer): void => {
    const refusal = this.growing.add(chunk) ?? this.inflatesTooMuch();
    if (refusal !== undefined) this.finish({ refusal });
  };

  private inflatesTooMuch(): Refusal | undefined {
    const { growing, inflater } = this;
    const { maxInflationRatio: ratio } = this.limits;
    if (inflater === undefined || growing.size <= MOST_COPIED_BYTES || growing.size <= ratio * inflater.bytesWritten)
      return undefined;
    const message = `expected a gzip body that inflates to at most ${ratio} times its size, got more; send smaller batches, or raise collector.maxInflationRatio.`;
    return { status: 413, message };
  }

  private readonly onCompressed = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.received > this.limits.maxBytes) this.finish({ refusal: tooLarge(this.limits.maxBytes, 'more') });
  };

  private readonly onEnd = (): void => {
    const { growing } = this;
    this.finish({
      bytes: growing.bytes(),
      release: () => {
        growing.release();
      },
    });
  };

  private readonly onError = (error: Error): void => {
    if (this.inflater === undefined) {
      this.onClose();
      return;
    }
    const message = `expected a gzip body, as its encoding says, got one that does not inflate: ${error.message}; nothing was stored.`;
    this.finish({ refusal: { status: 400, message } });
  };

  private readonly onClose = (): void => {
    if (this.body.isWhole()) return;
    this.finish({
      refusal: { status: 408, message: 'expected a whole body, but the sender went away; nothing was stored.' },
    });
  };

  private finish(result: BodyResult): void {
    if (this.done) return;
    this.done = true;
    const { inflated, inflater } = this;
    const { source } = this.body;
    inflated.off('data', this.onData);
    source.off('close', this.onClose);
    source.off('data', this.onCompressed);
    if (inflater !== undefined) {
      source.unpipe();
      inflater.destroy();
    }
    if ('refusal' in result) this.growing.release();
    this.resolve(result);
  }
}

/** No more memory is taken at a time than so many times what came, whatever size the sender gave. */
const AHEAD = 4;

/** Nearly all bodies are smaller. What comes beyond is not copied until all of it came: a bomb must cost little. */
const MOST_COPIED_BYTES = 4 * 2 ** 20;

/**
 * The bytes of a body while they come. Each chunk is copied at once: the server makes a buffer for each, and those that live
 * for a moment alone are cheap to collect.
 */
class GrowingBody {
  size = 0;
  /** Ours once it is of the pool; a body of one chunk stays where it came. */
  private buffer: Buffer = NOTHING;
  private isPooled = false;
  private used = 0;
  private readonly rest: Buffer[] = [];

  constructor(
    private readonly declaredBytes: number,
    private readonly limits: BodyLimits,
  ) {}

  /** @returns why it is too much */
  add(chunk: Buffer): Refusal | undefined {
    const { maxBytes, hold, overloaded } = this.limits;
    this.size += chunk.length;
    if (this.size > maxBytes) return tooLarge(maxBytes, 'more');
    this.keep(chunk);
    return hold(this.size + Math.max(0, this.buffer.length - this.used)) ? undefined : overloaded;
  }

  bytes(): Buffer {
    const first = this.buffer.subarray(0, this.used);
    return this.rest.length === 0 ? first : Buffer.concat([first, ...this.rest], this.size);
  }

  release(): void {
    if (this.isPooled) this.limits.pool.give(this.buffer);
    this.isPooled = false;
    this.buffer = NOTHING;
    this.used = 0;
    this.rest.length = 0;
  }

  private keep(chunk: Buffer): void {
    if (this.used === 0) {
      this.buffer = chunk;
      this.used = chunk.length;
    } else if (this.size > MOST_COPIED_BYTES) {
      this.rest.push(chunk);
    } else {
      if (!this.isPooled || this.size > this.buffer.length) this.grow();
      this.used += chunk.copy(this.buffer, this.used);
    }
  }

  private grow(): void {
    const { declaredBytes, size, buffer, used } = this;
    const { pool } = this.limits;
    const isNearEnd = declaredBytes >= size && declaredBytes <= AHEAD * size;
    const larger = pool.take(Math.min(isNearEnd ? declaredBytes : 2 * size, MOST_COPIED_BYTES));
    buffer.copy(larger, 0, 0, used);
    if (this.isPooled) pool.give(buffer);
    this.buffer = larger;
    this.isPooled = true;
  }
}

/** @param got - how large it is, as far as is known */
export function tooLarge(maxBytes: number, got: string): Refusal {
  const message = `expected a body of at most ${maxBytes} bytes before and after decompression, got ${got}; send smaller batches, or raise collector.maxBodyBytes.`;
  return { status: 413, message };
}

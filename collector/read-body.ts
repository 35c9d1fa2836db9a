import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Refusal } from './answer.js';

/** Bytes that the inflater gives at a time. */
const INFLATE_CHUNK_BYTES = 64 * 1024;

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
  /** Told what is held so far; false ends the reading. */
  readonly hold: (bytes: number) => boolean;
  readonly overloaded: Refusal;
}

/** A body in the pieces in which it came, or why there is none. */
export type BodyResult = { readonly pieces: readonly Buffer[] } | { readonly refusal: Refusal };

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
  private readonly chunks: Buffer[] = [];
  private received = 0;
  private size = 0;
  private done = false;
  private readonly inflater: Gunzip | undefined;
  private readonly inflated: Readable;

  constructor(
    private readonly body: Body,
    private readonly limits: BodyLimits,
    private readonly resolve: (result: BodyResult) => void,
  ) {
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
    const { maxBytes, hold, overloaded } = this.limits;
    this.size += chunk.length;
    if (this.size > maxBytes) this.finish({ refusal: tooLarge(maxBytes, 'more') });
    else if (!hold(this.size)) this.finish({ refusal: overloaded });
    else this.chunks.push(chunk);
  };

  private readonly onCompressed = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.received > this.limits.maxBytes) this.finish({ refusal: tooLarge(this.limits.maxBytes, 'more') });
  };

  private readonly onEnd = (): void => {
    this.finish({ pieces: this.chunks });
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
    this.resolve(result);
  }
}

/** @param got - how large it is, as far as is known */
export function tooLarge(maxBytes: number, got: string): Refusal {
  const message = `expected a body of at most ${maxBytes} bytes before and after decompression, got ${got}; send smaller batches, or raise collector.maxBodyBytes.`;
  return { status: 413, message };
}

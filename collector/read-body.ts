import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import type { Refusal } from './answer.js';

/** Bytes that the inflater gives at a time. */
const INFLATE_CHUNK_BYTES = 64 * 1024;

export interface ReadBodyOptions {
  readonly gzip: boolean;
  /** Bound of the body, as it came and inflated. */
  readonly maxBytes: number;
  /** Told what is held so far; false ends the reading. */
  readonly hold: (bytes: number) => boolean;
  readonly overloaded: Refusal;
}

export type BodyResult = { readonly bytes: Buffer } | { readonly refusal: Refusal };

/**
 * Reads a request's body, inflated. At no time is more held than the bounds allow: the inflater is stopped at the byte that
 * is too much. What is left unread stays on the connection.
 */
export function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<BodyResult> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > options.maxBytes)
    return Promise.resolve({ refusal: tooLarge(options.maxBytes, `${declared} by Content-Length`) });
  return new Promise((resolve) => {
    new BodyReader(request, options, resolve).start();
  });
}

class BodyReader {
  private readonly chunks: Buffer[] = [];
  private received = 0;
  private size = 0;
  private done = false;
  private readonly inflater: Gunzip | undefined;
  private readonly source: Readable;

  constructor(
    private readonly request: IncomingMessage,
    private readonly options: ReadBodyOptions,
    private readonly resolve: (result: BodyResult) => void,
  ) {
    this.inflater = options.gzip ? createGunzip({ chunkSize: INFLATE_CHUNK_BYTES }) : undefined;
    this.source = this.inflater ?? request;
  }

  start(): void {
    const { request, source, inflater } = this;
    source.on('data', this.onData);
    source.on('end', this.onEnd);
    source.on('error', this.onError);
    request.on('close', this.onClose);
    if (inflater === undefined) return;
    request.on('error', this.onClose);
    request.on('data', this.onCompressed);
    request.pipe(inflater);
  }

  private readonly onData = (chunk: Buffer): void => {
    const { maxBytes, hold, overloaded } = this.options;
    this.size += chunk.length;
    if (this.size > maxBytes) this.finish({ refusal: tooLarge(maxBytes, 'more') });
    else if (!hold(this.size)) this.finish({ refusal: overloaded });
    else this.chunks.push(chunk);
  };

  private readonly onCompressed = (chunk: Buffer): void => {
    this.received += chunk.length;
    if (this.received > this.options.maxBytes) this.finish({ refusal: tooLarge(this.options.maxBytes, 'more') });
  };

  private readonly onEnd = (): void => {
    this.finish({ bytes: Buffer.concat(this.chunks, this.size) });
  };

  private readonly onError = (error: Error): void => {
    if (this.inflater === undefined) {
      this.onClose();
      return;
    }
    const message = `expected a gzip body, as Content-Encoding says, got one that does not inflate: ${error.message}; nothing was stored.`;
    this.finish({ refusal: { status: 400, message } });
  };

  private readonly onClose = (): void => {
    if (this.request.complete) return;
    this.finish({
      refusal: { status: 408, message: 'expected a whole body, but the sender went away; nothing was stored.' },
    });
  };

  private finish(result: BodyResult): void {
    if (this.done) return;
    this.done = true;
    const { request, source, inflater } = this;
    source.off('data', this.onData);
    request.off('close', this.onClose);
    request.off('data', this.onCompressed);
    if (inflater !== undefined) {
      request.unpipe();
      inflater.destroy();
    }
    this.resolve(result);
  }
}

function tooLarge(maxBytes: number, got: string): Refusal {
  const message = `expected a body of at most ${maxBytes} bytes before and after decompression, got ${got}; send smaller batches, or raise collector.maxBodyBytes.`;
  return { status: 413, message };
}

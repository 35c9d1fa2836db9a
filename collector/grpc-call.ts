import type { ServerHttp2Stream } from 'node:http2';
import type { Clock } from '../core/clock.js';
import type { Refusal } from './answer.js';
import type { RequestOnConnection } from './connection-cap.js';
import type { Hold } from './in-flight.js';
import { tooLarge } from './read-body.js';

/** A gRPC message begins with a flag that says whether it is compressed, and its length. */
const FRAME_HEAD_BYTES = 5;
/** Who goes on sending after the refusal is cut off after this much. */
const MAX_FORGOTTEN_BYTES = 1024 * 1024;
/** How long a stream is kept after that. */
const LINGER_MS = 2_000;
/** NO_ERROR of HTTP/2: all was answered. */
const NO_ERROR = 0;

export interface GrpcCallOptions {
  readonly maxBytes: number;
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly hold: Hold;
  readonly overloaded: () => Refusal;
  readonly onConnection: RequestOnConnection | undefined;
  /** Answers the call. What it sends from then on is thrown away. */
  readonly refuse: (refusal: Refusal) => void;
}

/**
 * One call on its way in: counts its bytes as they come, before anything is made of them, so that a message that is too much is
 * refused at its head, and a slow one when its time is up.
 */
export class GrpcCall {
  tenant = '';
  /** Whether the message is gzip. */
  gzip = false;
  private isHandedOver = false;
  private readonly head = Buffer.alloc(FRAME_HEAD_BYTES);
  private received = 0;
  private forgotten = 0;
  private isRefused = false;
  private isEnded = false;
  private readonly over = new AbortController();

  constructor(
    private readonly stream: ServerHttp2Stream,
    private readonly options: GrpcCallOptions,
  ) {
    stream.prependListener('data', this.onData);
    void this.watch();
  }

  /** Bytes of the message as it came. */
  get messageBytes(): number {
    return this.received - FRAME_HEAD_BYTES;
  }

  /** What is wrong with the frame of the message, all of which came. */
  frameProblem(encoding: string): string {
    const { head, received } = this;
    if (received < FRAME_HEAD_BYTES) return `expected a message with a head of 5 bytes, got ${received} bytes`;
    const declared = head.readUInt32BE(1);
    if (this.messageBytes < declared)
      return `expected a message of ${declared} bytes, as its head says, got ${this.messageBytes}`;
    const flag = head.readUInt8(0);
    if (flag > 1) return `expected a compressed flag of 0 or 1, got ${flag}`;
    if (flag === 1 && encoding !== 'gzip')
      return 'expected a message without compression, as there is no grpc-encoding, got the compressed flag';
    this.gzip = flag === 1;
    return '';
  }

  /** Hands over the bytes in flight, to be given back when the message is done with; the call may end before. */
  takeHold(): Hold {
    this.isHandedOver = true;
    return this.options.hold;
  }

  /** The message is whole. */
  whole(): void {
    this.over.abort();
    this.options.onConnection?.read();
  }

  /** The call is answered or gone. */
  end(): void {
    this.isEnded = true;
    this.over.abort();
    this.options.onConnection?.end();
    if (!this.isHandedOver) this.options.hold.release();
  }

  refuse(refusal: Refusal): void {
    if (this.isRefused) return;
    this.isRefused = true;
    this.over.abort();
    this.options.refuse(refusal);
    void this.closeLater();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (this.isRefused || this.isEnded) {
      this.forget(chunk.length);
      return;
    }
    if (this.received < FRAME_HEAD_BYTES) chunk.copy(this.head, this.received);
    this.received += chunk.length;
    const { maxBytes, hold, overloaded } = this.options;
    const declared = this.received < FRAME_HEAD_BYTES ? 0 : this.head.readUInt32BE(1);
    if (declared > maxBytes) this.refuse(tooLarge(maxBytes, `${declared} by the head of the message`));
    // More than one message may come, and all would be held.
    else if (this.messageBytes > maxBytes) this.refuse(tooLarge(maxBytes, 'more'));
    else if (!hold.resize(this.received)) this.refuse(overloaded());
  };

  private forget(bytes: number): void {
    this.forgotten += bytes;
    if (this.forgotten > MAX_FORGOTTEN_BYTES) this.stream.close(NO_ERROR);
  }

  /** Who was refused and neither ends the stream nor sends on would keep it for ever. */
  private async closeLater(): Promise<void> {
    const closed = new AbortController();
    this.stream.once('close', () => {
      closed.abort();
    });
    await this.options.clock.sleep(LINGER_MS, closed.signal);
    if (!this.stream.destroyed) this.stream.close(NO_ERROR);
  }

  private async watch(): Promise<void> {
    const { clock, requestTimeoutMs } = this.options;
    await clock.sleep(requestTimeoutMs, this.over.signal);
    if (this.over.signal.aborted) return;
    const message = `expected a whole message within ${requestTimeoutMs} ms, got a part of one; nothing was stored.`;
    this.refuse({ status: 408, message });
  }
}

import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import type { Clock } from '../core/clock.js';

/** How long who was answered may go on sending. */
const LINGER_MS = 2_000;
/** NO_ERROR of HTTP/2: all was answered. */
const NO_ERROR = 0;

/** What grpc-js keeps of itself and has no public name for. That it is there, the tests see. */
interface ServerInside {
  readonly http2Servers: ReadonlyMap<Http2Server, unknown>;
}

/**
 * Reads, and throws away, what is sent on streams that grpc-js answers unread: of a method that is not there, or of another
 * content type. Node would reset such a stream in the middle of its message, and a sender on Node counts what it had not
 * sent yet as held for ever: after 64 calls of 200 KB it refuses every call of its own on that connection.
 */
export function discardUnread(server: Server, clock: Clock): void {
  const { http2Servers } = server as unknown as ServerInside;
  for (const http2 of http2Servers.keys()) {
    http2.prependListener('stream', (stream) => {
      stream.once('finish', () => {
        if (!stream.readableEnded) void discard(stream, clock);
      });
    });
  }
}

async function discard(stream: ServerHttp2Stream, clock: Clock): Promise<void> {
  const over = new AbortController();
  stream.once('close', () => {
    over.abort();
  });
  stream.resume();
  await clock.sleep(LINGER_MS, over.signal);
  if (!stream.destroyed) stream.close(NO_ERROR);
}

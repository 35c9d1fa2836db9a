import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Counter } from '../core/metrics.js';
import type { Answer } from './answer.js';
import type { CollectorConfig } from './config.js';
import { ConnectionCap } from './connection-cap.js';
import { declaredBytes } from './headers.js';
import { listen, urlOf } from '../core/listen.js';

/** How long a sender that was refused before its body was read may go on sending, so that it gets to read why. */
const LINGER_MS = 2_000;
/** A body of at most this size is read and forgotten, so that its connection can be used again. */
const MAX_FORGOTTEN_BYTES = 1024 * 1024;

export interface HttpServerDeps {
  readonly clock: Clock;
  /** Connections closed for room. */
  readonly closed: Counter;
  /** Never rejects. */
  readonly answer: (request: IncomingMessage) => Promise<Answer>;
}

/** A node:http server with a life: it ends only when every request that it took is answered. */
export class HttpServer implements Component {
  private server: Server | undefined;
  private stopped: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private readonly lingering = new Set<AbortController>();
  private readonly cap: ConnectionCap;
  private active = 0;

  constructor(
    private readonly config: CollectorConfig['http'],
    private readonly deps: HttpServerDeps,
  ) {
    this.cap = new ConnectionCap(config.maxConnections, deps.closed);
  }

  /** Such as `http://127.0.0.1:4318`, with the port that was given when any was asked for. */
  get url(): string {
    return urlOf(this.server);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, maxHeaderBytes, host, port } = this.config;
    const server = createServer({
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs, 5_000),
      maxHeaderSize: maxHeaderBytes,
    });
    server.on('connection', (socket) => this.cap.add(socket));
    server.on('request', (request, response) => void this.serve(request, response));
    await listen(server, { host, port, option: '--http' });
    this.server = server;
  }

  stop(signal: AbortSignal): Promise<void> {
    return (this.stopped ??= this.close(signal));
  }

  private async close(signal: AbortSignal): Promise<void> {
    const { server } = this;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    this.ending.abort();
    for (const over of this.lingering) over.abort();
    const cut = (): void => {
      server.closeAllConnections();
    };
    if (signal.aborted || this.active === 0) cut();
    signal.addEventListener('abort', cut, { once: true });
    await closed;
    signal.removeEventListener('abort', cut);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.active++;
    const onConnection = this.cap.of(request.socket)?.begin();
    request.once('end', () => onConnection?.read());
    // A sender that went away is no error of ours; the response then ends by its close.
    response.on('error', () => undefined);
    response.once('close', () => {
      onConnection?.end();
      this.active--;
      // Also ends connections that were opened and never used: they count as busy until their headers time out.
      if (this.active === 0 && this.ending.signal.aborted) this.server?.closeAllConnections();
    });
    await this.send(request, response, await this.deps.answer(request));
  }

  private async send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const { status, contentType, body, headers } = answer;
    const isUnread = !request.complete && !request.destroyed && !isShort(request);
    response.writeHead(status, {
      ...headers,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
      ...(status === 413 || isUnread || this.ending.signal.aborted ? { connection: 'close' } : {}),
    });
    if (!isUnread) {
      response.end(body);
      request.resume();
      return;
    }
    response.write(body);
    await this.linger(request);
    response.end();
  }

  /** Reads on for a while and forgets: a connection that is closed with bytes unread takes the answer with it. */
  private async linger(request: IncomingMessage): Promise<void> {
    const over = new AbortController();
    request.once('close', () => {
      over.abort();
    });
    request.resume();
    this.lingering.add(over);
    if (!this.ending.signal.aborted) await this.deps.clock.sleep(LINGER_MS, over.signal);
    this.lingering.delete(over);
  }
}

/** True when what may still come is little; a body in chunks has no end that is known. */
function isShort(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] === undefined && declaredBytes(request) <= MAX_FORGOTTEN_BYTES;
}

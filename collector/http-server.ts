import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { PipelineError } from '../core/errors.js';
import type { Answer } from './answer.js';
import type { CollectorConfig } from './config.js';

/** How long a sender that was refused with 413 may go on sending, so that it gets to read why. */
const LINGER_MS = 2_000;

export interface HttpServerDeps {
  readonly clock: Clock;
  /** Never rejects. */
  readonly answer: (request: IncomingMessage) => Promise<Answer>;
}

/** A node:http server with a life: it ends only when every request that it took is answered. */
export class HttpServer implements Component {
  private server: Server | undefined;
  private stopped: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private active = 0;

  constructor(
    private readonly config: CollectorConfig['http'],
    private readonly deps: HttpServerDeps,
  ) {}

  /** Such as `http://127.0.0.1:4318`, with the port that was given when any was asked for. */
  get url(): string {
    const address = this.server?.address() as AddressInfo | null | undefined;
    if (address === null || address === undefined)
      throw new Error('expected a collector that was started, got one that was not');
    const host = isWildcard(address.address) ? '127.0.0.1' : address.address;
    return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { headersTimeoutMs, requestTimeoutMs, keepAliveTimeoutMs, host, port } = this.config;
    const server = createServer({
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      keepAliveTimeout: keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs, requestTimeoutMs, 5_000),
    });
    server.on('request', (request, response) => void this.serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        reject(listenFailed(this.config, error));
      });
      server.listen({ host, port }, resolve);
    });
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
    // A sender that went away is no error of ours; the response then ends by its close.
    response.on('error', () => undefined);
    response.once('close', () => {
      this.active--;
      // Also ends connections that were opened and never used: they count as busy until their headers time out.
      if (this.active === 0 && this.ending.signal.aborted) this.server?.closeAllConnections();
    });
    await this.send(request, response, await this.deps.answer(request));
  }

  private async send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const { status, contentType, body, headers } = answer;
    const close = status === 413 || this.ending.signal.aborted;
    response.writeHead(status, {
      ...headers,
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
      ...(close ? { connection: 'close' } : {}),
    });
    if (request.complete || status !== 413) {
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
    await this.deps.clock.sleep(LINGER_MS, AbortSignal.any([over.signal, this.ending.signal]));
  }
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function listenFailed(config: CollectorConfig['http'], error: NodeJS.ErrnoException): PipelineError {
  const where = `${config.host}:${config.port}`;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process holds that port; stop it, or choose another address',
    EACCES: 'this user may not open that port; choose a port above 1023',
    EADDRNOTAVAIL: 'this machine has no such address; choose another',
    ENOTFOUND: 'that host name has no address; choose another',
  };
  const reason = reasons[error.code ?? ''] ?? `the system said ${error.message}; choose another address`;
  return new PipelineError('LISTEN_FAILED', `expected to listen on ${where}, but ${reason} with --http HOST:PORT.`, {
    cause: error,
  });
}

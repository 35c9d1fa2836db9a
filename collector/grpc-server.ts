import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Counter, Metrics } from '../core/metrics.js';
import type { Auth } from './auth.js';
import type { CollectorConfig } from './config.js';
import { ConnectionCap } from './connection-cap.js';
import type { GrpcEngine } from './grpc-engine.js';
import { listen, urlOf } from '../core/listen.js';
import type { Receiver } from './receive.js';

/** The preface of HTTP/2 and the settings after it, which every client sends at once. */
const HANDSHAKE_BYTES = 33;
const HTTP_1 = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /;
const WRONG_PORT =
  'HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n' +
  'expected gRPC on this port, got HTTP/1.1; send OTLP over HTTP to the port of collector.http, 4318 by default.\n';
/** How long a connection without calls may take to end when it is asked to. */
const GOODBYE_MS = 500;

export interface GrpcServerDeps {
  readonly receiver: Receiver;
  readonly auth: Auth;
  readonly clock: Clock;
  /** Connections closed for room. */
  readonly closed: Counter;
  readonly metrics: Metrics;
}

/** Listens for OTLP over gRPC. */
export interface GrpcServer extends Component {
  /** Such as `http://127.0.0.1:4317`; only once started. */
  readonly url: string;
}

/** Makes the listener. What speaks gRPC is loaded with the first connection: it takes longer, and more memory, than all else here. */
export function createGrpcServer(config: CollectorConfig, deps: GrpcServerDeps): GrpcServer {
  return new ListeningServer(config, deps);
}

class ListeningServer implements GrpcServer {
  private server: Server | undefined;
  private engine: Promise<GrpcEngine> | undefined;
  private stopped: Promise<void> | undefined;
  private readonly ending = new AbortController();
  private readonly closed = new AbortController();
  private readonly cap: ConnectionCap;
  private readonly requests: Counter<'code'>;
  private active = 0;

  constructor(
    private readonly config: CollectorConfig,
    private readonly deps: GrpcServerDeps,
  ) {
    this.cap = new ConnectionCap(config.grpc.maxConnections, deps.closed);
    this.requests = deps.metrics.counter('assay_collector_grpc_requests_total', 'gRPC calls answered, by status.', [
      'code',
    ]);
  }

  get url(): string {
    return urlOf(this.server);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { host, port } = this.config.grpc;
    const server = createServer({ noDelay: true });
    server.on('connection', (socket) => {
      // Whatever befalls a connection is told by its close.
      socket.on('error', () => undefined);
      if (this.cap.add(socket) !== undefined) void this.greet(socket);
    });
    await listen(server, { host, port, option: '--grpc' });
    this.server = server;
  }

  stop(signal: AbortSignal): Promise<void> {
    return (this.stopped ??= this.close(signal));
  }

  /** Looks at what a connection begins with: who took the port for that of HTTP is told so. */
  private async greet(socket: Socket): Promise<void> {
    const gone = new AbortController();
    socket.once('close', () => {
      gone.abort();
    });
    void this.expectHandshake(socket, gone.signal);
    const first = await firstBytes(socket);
    if (first === undefined) return;
    if (HTTP_1.test(first.toString('latin1'))) socket.end(WRONG_PORT);
    else {
      socket.unshift(first);
      await this.take(socket);
    }
  }

  private async expectHandshake(socket: Socket, gone: AbortSignal): Promise<void> {
    await this.deps.clock.sleep(this.config.grpc.handshakeTimeoutMs, gone);
    if (socket.bytesRead < HANDSHAKE_BYTES) socket.destroy();
  }

  private async take(socket: Socket): Promise<void> {
    const engine = await (this.engine ??= this.makeEngine());
    if (socket.destroyed) return;
    if (this.ending.signal.aborted) {
      socket.destroy();
      return;
    }
    engine.take(socket);
  }

  private async makeEngine(): Promise<GrpcEngine> {
    const { createGrpcEngine } = await import('./grpc-engine.js');
    const { config, deps, cap, requests } = this;
    return createGrpcEngine(config, {
      ...deps,
      cap,
      requests,
      maxBytes: config.maxBodyBytes,
      requestTimeoutMs: config.grpc.requestTimeoutMs,
      active: {
        begin: () => {
          this.active++;
        },
        end: () => {
          this.active--;
          if (this.active === 0 && this.ending.signal.aborted) void this.closeConnections();
        },
      },
    });
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
    const engine = await this.engine;
    const cut = (): void => {
      engine?.cut();
      for (const { socket } of this.cap.connections) socket.destroy();
    };
    signal.addEventListener('abort', cut, { once: true });
    void engine?.drain();
    if (signal.aborted) cut();
    else if (this.active === 0) void this.closeConnections();
    await closed;
    this.closed.abort();
    signal.removeEventListener('abort', cut);
  }

  /** Senders end their connections when they are asked to; one that is not there any more never will. */
  private async closeConnections(): Promise<void> {
    await this.deps.clock.sleep(GOODBYE_MS, this.closed.signal);
    for (const { socket } of this.cap.connections) socket.destroy();
  }
}

/** What a connection begins with; undefined when it ends before. */
function firstBytes(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const look = (): void => {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      socket.off('readable', look);
      resolve(bytes);
    };
    socket.on('readable', look);
    socket.once('close', () => {
      resolve(undefined);
    });
  });
}

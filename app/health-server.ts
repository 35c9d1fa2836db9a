import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listen, urlOf } from '../core/listen.js';
import type { AdminAnswer } from './pipeline.js';

/** A probe or a scraper that is slower is no longer there. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Of a request's headers, in bytes: these have next to none. */
const MAX_HEADER_BYTES = 8_192;

/** Answers /healthz, /readyz and /metrics on a port of their own, also where nothing is received. */
export class HealthServer {
  readonly #server: Server;

  constructor(
    private readonly address: { readonly host: string; readonly port: number },
    private readonly admin: (path: string) => Promise<AdminAnswer | undefined>,
  ) {
    const limits = { requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: MAX_HEADER_BYTES };
    this.#server = createServer(limits, (request, response) => void this.#answer(request, response));
  }

  /** @throws {PipelineError} LISTEN_FAILED */
  start(): Promise<void> {
    return listen(this.#server, { ...this.address, option: '--health' });
  }

  /** Such as `http://127.0.0.1:8080`. */
  url(): string {
    return urlOf(this.#server);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = 'text/plain; charset=utf-8';
    const send = ({ status, contentType, body }: AdminAnswer, headers: Readonly<Record<string, string>> = {}): void => {
      response.writeHead(status, { 'content-type': contentType, ...headers });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      send({ status: 405, contentType: text, body: 'expected GET or HEAD\n' }, { allow: 'GET, HEAD' });
      return;
    }
    const [path = '/'] = (request.url ?? '/').split('?');
    const unserved = { status: 404, contentType: text, body: 'expected /healthz, /readyz or /metrics\n' };
    try {
      send((await this.admin(path)) ?? unserved);
    } catch (error) {
      // A role that is ending answers no more.
      send({
        status: 503,
        contentType: text,
        body: `not ready: ${error instanceof Error ? error.message : String(error)}\n`,
      });
    }
  }
}

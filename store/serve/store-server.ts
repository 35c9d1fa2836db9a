import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import PQueue from 'p-queue';
import { type Clock, systemClock } from '../../core/clock.js';
import type { Component } from '../../core/component.js';
import { PipelineError } from '../../core/errors.js';
import { BlockFiles } from '../block-files.js';
import { type Engine, openEngine } from '../embedded-engine.js';
import { Exception, toRefusal } from './exception.js';
import { type Fault, Faults } from './faults.js';
import { forOneServer, withoutCluster } from './one-server.js';
import { type Access, isLocal, readStatement, refuseStranger, toRunOptions } from './read-request.js';
import { refuseMachine } from './refuse-machine.js';
import { type RunOptions, runStatement } from './run-statement.js';
import { sendAnswer, type SendOptions, sendRefusal } from './send-answer.js';
import { parseStatement, type Statement } from './statement.js';
import { takeDirectory } from './take-directory.js';

/** Statements that run at once, each on a session of the engine that is its own. */
const SESSIONS = 2;
/** Statements that wait for one of these; one more is refused. */
const MAX_WAITING = 100;
/** Array parameters stand in the URL. */
const MAX_HEADER_BYTES = 1024 * 1024;
/** A client that neither sends nor reads for so long is let go. */
const IDLE_MS = 600_000;

export interface StoreServerOptions extends Access {
  /** Of the engine alone: it is made, and nothing else may lie in it. */
  readonly dataDirectory: string;
  readonly maxMemoryBytes: number;
  /** Of this machine: there is no TLS, and no other user. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Name of a cluster of one shard that it passes for; `ON CLUSTER` is parsed, and changes nothing. */
  readonly cluster?: string;
  /** How late a `slow-answer` is. */
  readonly slowMs: number;
}

/** ClickHouse's HTTP interface over the embedded engine, to test against. */
export interface StoreServer extends Component {
  /** Where it listens, once started. */
  readonly url: string;
  /** Has something go wrong with the next so many inserts of rows. */
  arm(fault: Fault, inserts: number): void;
}

/**
 * Serves what `@clickhouse/client` and curl ask of a ClickHouse server, one user, no more than this machine. The SQL is run by
 * the real engine; the wire is this file's.
 */
export function createStoreServer(options: StoreServerOptions, clock: Clock = systemClock): StoreServer {
  return new EngineServer(options, clock);
}

class EngineServer implements StoreServer {
  readonly #server: Server;
  readonly #queue = new PQueue({ concurrency: SESSIONS });
  readonly #faults = new Faults();
  readonly #files: BlockFiles;
  #engine: Engine | undefined;

  constructor(
    private readonly options: StoreServerOptions,
    private readonly clock: Clock,
  ) {
    this.#files = new BlockFiles(options.dataDirectory);
    this.#server = createServer({ maxHeaderSize: MAX_HEADER_BYTES }, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server.setTimeout(IDLE_MS);
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  arm(fault: Fault, inserts: number): void {
    this.#faults.arm(fault, inserts);
  }

  async start(): Promise<void> {
    const { host, port, dataDirectory } = this.options;
    await takeDirectory(dataDirectory);
    this.#engine = await openEngine(dataDirectory, this.options);
    await this.#files.open();
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => {
        reject(
          new PipelineError(
            'LISTEN_FAILED',
            `expected to listen on ${host}:${port}, got ${cause.code ?? cause.message}; free it, or choose another with --http`,
            { cause },
          ),
        );
      });
      this.#server.listen(port, host, resolve);
    });
  }

  async stop(signal: AbortSignal): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    if (this.#server.listening) {
      const closed = new Promise<void>((resolve) => {
        this.#server.close(() => {
          resolve();
        });
      });
      this.#server.closeIdleConnections();
      const giveUp = (): void => {
        this.#server.closeAllConnections();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
      await this.#queue.onIdle();
      giveUp();
      await closed;
    }
    if (engine === undefined) return;
    await this.#files.close();
    engine.session.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const send: SendOptions = {
      queryId: url.searchParams.get('query_id') ?? randomUUID(),
      isCompressed:
        url.searchParams.get('enable_http_compression') === '1' &&
        /\bgzip\b/.test(String(request.headers['accept-encoding'])),
      isWhole: url.searchParams.get('wait_end_of_query') === '1',
    };
    try {
      if (!isLocal(request.headers))
        throw new Exception(
          497,
          'ACCESS_DENIED',
          'assay store serve answers programs of this machine, by a name of it',
        );
      if (url.pathname === '/ping') response.end('Ok.\n');
      else if (url.pathname === '/') await this.#query(url, { request, response, send });
      else throw new Exception(48, 'NOT_IMPLEMENTED', `assay store serve has / and /ping, got ${url.pathname}`);
    } catch (error) {
      // What is left of a body that is not read would be taken for the next request.
      if (!request.complete && !response.headersSent) response.setHeader('connection', 'close');
      sendRefusal(response, toRefusal(error), send);
    }
  }

  async #query(url: URL, exchange: Exchange): Promise<void> {
    const { request } = exchange;
    refuseStranger(url, request.headers, this.options);
    const options = toRunOptions(url, request.headers);
    const { cluster } = this.options;
    const asked = parseStatement(await readStatement(url, request));
    const statement = cluster === undefined ? asked : forOneServer(asked, cluster);
    refuseMachine(cluster === undefined ? statement.sql : withoutCluster(statement.sql, cluster), options);
    if (request.method === 'GET' && !(statement.kind === 'plain' && statement.returnsRows))
      throw new Exception(164, 'READONLY', 'Cannot execute query in readonly mode: GET reads, and POST writes');
    if (this.#queue.size >= MAX_WAITING)
      throw new Exception(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `Too many simultaneous queries: ${MAX_WAITING} wait`);
    const toParse = statement === asked ? undefined : asked.sql;
    await this.#queue.add(() => this.#run(statement, options, { ...exchange, toParse }));
  }

  /** On a session of its own, so that no setting outlives its statement. */
  async #run(statement: Statement, options: RunOptions, { request, response, send, toParse }: Parsed): Promise<void> {
    if (this.#engine === undefined) throw new Exception(734, 'QUERY_WAS_CANCELLED', 'assay store serve is stopping');
    const session = this.#engine.another();
    try {
      // As it was asked, so that the engine refuses what it could not read on a cluster.
      if (toParse !== undefined) await session.queryAsync(`EXPLAIN AST ${toParse}`);
      if (statement.kind === 'data') this.#faults.refuseParts();
      const answer = await runStatement(session, statement, { ...options, files: this.#files });
      if (statement.kind === 'data') {
        if (this.#faults.takes('slow-answer')) await this.clock.sleep(this.options.slowMs);
        if (this.#faults.takes('drop-answer')) {
          request.socket.destroy();
          return;
        }
      }
      await sendAnswer(response, answer, send);
    } finally {
      session.close();
    }
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly send: SendOptions;
}

interface Parsed extends Exchange {
  /** The statement as it was asked, where another one runs in its place. */
  readonly toParse: string | undefined;
}

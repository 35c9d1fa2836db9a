import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { LogEvent } from '../../core/log-event.js';
import { decodeLogEvents } from '../../core/otlp/decode-log-events.js';

/** What the sink answers to one request; nothing is an empty 200. */
export interface SinkAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Takes the request and never answers. */
  readonly silent?: boolean;
}

export interface SinkRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly atMs: number;
}

/** An OTLP receiver on loopback that answers as told. */
export interface Sink {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly SinkRequest[];
  /** Answers from the next request on, in turn; the last one stays. */
  answer(...answers: readonly SinkAnswer[]): void;
  /** Resolves when it has had this many requests. */
  had(count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param port - 0 for any free one */
export async function startSink(port = 0): Promise<Sink> {
  const requests: SinkRequest[] = [];
  const waiting = new Map<() => void, number>();
  let answers: readonly SinkAnswer[] = [];
  const server = createServer((req, res) => {
    void buffer(req).then((body) => {
      requests.push({ path: req.url ?? '', headers: req.headers, body, atMs: Date.now() });
      const { status = 200, headers = {}, body: reply = '', silent = false } = answers[0] ?? {};
      if (answers.length > 1) answers = answers.slice(1);
      if (!silent) res.writeHead(status, headers).end(reply);
      for (const [resolve, count] of waiting) if (requests.length >= count) resolve();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    requests,
    answer(...next) {
      answers = next;
    },
    async had(count) {
      if (requests.length < count) await new Promise<void>((resolve) => waiting.set(resolve, count));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The events of requests, in the order they came. */
export function eventsOf(requests: readonly SinkRequest[]): readonly LogEvent[] {
  return requests.flatMap(({ body }) => decodeLogEvents(body));
}

/** `assay.eval_id` of each event. */
export function evalIdsOf(requests: readonly SinkRequest[]): readonly string[] {
  return eventsOf(requests).map(({ attributes }) => attributes.get('assay.eval_id') as string);
}

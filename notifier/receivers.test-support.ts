import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Fetch } from '../core/post.js';

export interface ReceiverRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ReceiverAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A receiver on loopback that answers by what it is sent. */
export interface Receiver {
  readonly url: string;
  readonly requests: readonly (ReceiverRequest & { readonly json: unknown })[];
  close(): Promise<void>;
}

export async function startReceiver(answer: (request: ReceiverRequest) => ReceiverAnswer): Promise<Receiver> {
  const requests: (ReceiverRequest & { readonly json: unknown })[] = [];
  const server = createServer((req, res) => {
    void buffer(req).then((body) => {
      const request = { path: req.url ?? '', headers: req.headers, body };
      requests.push({ ...request, json: JSON.parse(body.toString()) as unknown });
      const { status, headers = {}, body: said = '' } = answer(request);
      res.writeHead(status, { ...headers }).end(said);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A network that a test can cut: while `isAway`, nothing is connected. Counts what was tried. */
export function cuttable(isAway: () => boolean): { readonly fetch: Fetch; readonly tries: () => number } {
  let tries = 0;
  return {
    tries: () => tries,
    fetch: async (url, init) => {
      tries += 1;
      if (isAway())
        throw new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
      return fetch(url, init);
    },
  };
}

import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export const PROTOBUF = { 'content-type': 'application/x-protobuf' };
export const JSON_TYPE = { 'content-type': 'application/json' };

/** What an HTTP request came to. */
export interface HttpReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpSend {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A list is sent in chunks, without a length. */
  readonly body?: Uint8Array | string | readonly (Uint8Array | string)[];
}

/** One request on a connection of its own. */
export function sendHttp(url: string, options: HttpSend): Promise<HttpReply> {
  const { method = 'POST', path = '/v1/traces', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const request = httpRequest(new URL(path, url), { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    if (Array.isArray(body)) for (const chunk of body as (Uint8Array | string)[]) request.write(chunk);
    else if (body !== undefined) {
      request.setHeader('content-length', Buffer.byteLength(body as string));
      request.write(body);
    }
    request.end();
  });
}

/** Sends bytes as they are, and gives back all that came until the connection was closed. */
export function sendBytes(url: string, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(text);
    });
    socket.write(bytes);
  });
}

import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import type { Input } from './input.js';

/** A client, too, refuses calls beyond what it may hold, 10 MB unless it is told another. */
const CLIENT_MEMORY_MB = 1_000;

/** What an input came to. */
export type Answer =
  | { readonly kind: 'http'; readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer }
  | {
      readonly kind: 'grpc';
      readonly code: number;
      readonly message: string;
      readonly retries: boolean;
      readonly body: Buffer;
    }
  /** All that came on a connection of its own. */
  | { readonly kind: 'socket'; readonly text: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'late'; readonly afterMs: number };

export interface Target {
  readonly httpUrl: string;
  readonly grpcUrl: string;
  /** An answer that is later counts as a hang. */
  readonly answerMs: number;
  readonly connections: number;
}

/** Sends inputs over connections that are used again. */
export interface Sender {
  send(input: Input): Promise<Answer>;
  close(): void;
}

export function createSender(target: Target): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: target.connections });
  let session: ClientHttp2Session | undefined;
  const grpcSession = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connectHttp2(target.grpcUrl, { maxSessionMemory: CLIENT_MEMORY_MB });
      session.on('error', () => undefined);
      session.on('goaway', () => session?.close());
    }
    return session;
  };
  return {
    send(input) {
      const sending =
        input.door === 'http'
          ? sendHttp(input, target, agent)
          : input.door === 'grpc'
            ? sendGrpc(input, grpcSession())
            : sendSocket(input, target);
      return withinTime(sending, target.answerMs);
    },
    close() {
      agent.destroy();
      session?.destroy();
    },
  };
}

interface Sending {
  readonly answer: Promise<Answer>;
  readonly abandon: () => void;
}

async function withinTime({ answer, abandon }: Sending, answerMs: number): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => {
      resolve({ kind: 'late', afterMs: answerMs });
    }, answerMs);
  });
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  if (first.kind === 'late') abandon();
  return first;
}

function sendHttp(input: Input, { httpUrl }: Target, agent: Agent): Sending {
  const { method, path, headers, body } = input;
  const { hostname, port } = new URL(httpUrl);
  const request = httpRequest({ hostname, port, path, method, headers, agent });
  const answer = new Promise<Answer>((resolve) => {
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      const done = (): void => {
        resolve({
          kind: 'http',
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks),
        });
      };
      response.on('end', done);
      response.on('error', done);
    });
    request.on('error', (error) => {
      resolve({ kind: 'failed', message: error.message });
    });
  });
  if (input.isChunked) for (const piece of cut(body)) request.write(piece);
  else request.setHeader('content-length', body.length).write(body);
  request.end();
  return { answer, abandon: () => request.destroy() };
}

/** Three pieces, none of them empty. */
function cut(body: Buffer): readonly Buffer[] {
  const third = Math.ceil(body.length / 3);
  return [body.subarray(0, third), body.subarray(third, 2 * third), body.subarray(2 * third)].filter(
    (piece) => piece.length > 0,
  );
}

function sendGrpc({ path, headers, body }: Input, session: ClientHttp2Session): Sending {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  const answer = new Promise<Answer>((resolve) => {
    let last: IncomingHttpHeaders = {};
    const chunks: Buffer[] = [];
    const note = (more: IncomingHttpHeaders): void => {
      last = { ...last, ...more };
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    let problem = 'the stream was closed without a status';
    stream.on('error', (error: Error) => (problem = error.message));
    stream.on('close', () => {
      const status = last['grpc-status'];
      const http = Number(last[':status']);
      if (status !== undefined) {
        const message = decodeURIComponent(String(last['grpc-message'] ?? ''));
        const body = Buffer.concat(chunks).subarray(5);
        const retries = last['grpc-status-details-bin'] !== undefined;
        resolve({ kind: 'grpc', code: Number(status), message, retries, body });
      } else if (http >= 400) resolve({ kind: 'http', status: http, headers: {}, body: Buffer.alloc(0) });
      else resolve({ kind: 'failed', message: problem });
    });
  });
  stream.end(body);
  return { answer, abandon: () => stream.destroy() };
}

function sendSocket({ body }: Input, { httpUrl }: Target): Sending {
  const { hostname, port } = new URL(httpUrl);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const answer = new Promise<Answer>((resolve) => {
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    // What came before a reset still counts.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      resolve({ kind: 'socket', text });
    });
  });
  // Ends its side, so that a server that waits for more learns that there is none.
  socket.end(body);
  return { answer, abandon: () => socket.destroy() };
}

import { Agent, request } from 'node:http';
import * as grpc from '@grpc/grpc-js';
import type { Form } from './payload.js';

/** Where a server takes spans. */
export interface Target {
  /** Such as `http://127.0.0.1:4318`. */
  readonly http: string;
  /** Such as `127.0.0.1:4317`; absent where gRPC is not spoken. */
  readonly grpc?: string;
}

/** Sends one request and resolves once it is acknowledged; asks again as long as it is told to. */
export type Send = (body: Buffer) => Promise<void>;

export interface Sender {
  readonly send: Send;
  close(): void;
}

const RETRY_MS = 50;

/** A sender that keeps its connections. */
export function createSender(target: Target, form: Form, connections: number): Sender {
  return form === 'grpc' ? grpcSender(target.grpc ?? '', connections) : httpSender(target.http, form, connections);
}

/** Sends all bodies, over so many connections at once. */
export async function sendAll(bodies: readonly Buffer[], send: Send, connections: number): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < bodies.length) await send(bodies[next++]!);
  };
  await Promise.all(Array.from({ length: connections }, work));
}

function httpSender(url: string, form: Form, connections: number): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = {
    'content-type': form === 'json' ? 'application/json' : 'application/x-protobuf',
    ...(form === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
  };
  const once = (body: Buffer): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}/v1/traces`, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.once('end', () => {
          resolve(response.statusCode ?? 0);
        });
      });
      sent.once('error', reject);
      sent.setHeader('content-length', body.length);
      sent.end(body);
    });
  return {
    async send(body) {
      for (let status = await once(body); status !== 200; status = await once(body)) {
        if (status !== 503 && status !== 429) throw new Error(`expected 200, got ${status} from ${url}`);
        await new Promise((done) => setTimeout(done, RETRY_MS));
      }
    },
    close() {
      agent.destroy();
    },
  };
}

const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const same = (bytes: Buffer): Buffer => bytes;

function grpcSender(address: string, connections: number): Sender {
  const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.max_send_message_length': -1 };
  const clients = Array.from(
    { length: connections },
    () => new grpc.Client(address, grpc.credentials.createInsecure(), options),
  );
  let next = 0;
  return {
    send(body) {
      const client = clients[next++ % clients.length]!;
      return new Promise((resolve, reject) => {
        client.makeUnaryRequest(EXPORT, same, same, body, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    },
    close() {
      for (const client of clients) client.close();
    },
  };
}

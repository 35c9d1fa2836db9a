import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { exportMessage } from './answer.js';
import type { CollectorConfig } from './config.js';
import { createGrpcGuard, socketKey, type AdmittedCalls, type GrpcGuardDeps, type SocketKeys } from './grpc-guard.js';
import { refusalStatus } from './grpc-status.js';
import { discardUnread } from './grpc-unread.js';
import { readBody, type BodyLimits, type BodyResult } from './read-body.js';
import type { GrpcCall } from './grpc-call.js';
import { SIGNALS, type Signal } from './signals.js';

/** OTLP over gRPC, on connections that are given to it. Apart from what listens, so that it is loaded when somebody speaks it. */
export interface GrpcEngine {
  take(socket: Socket): void;
  /** Resolves when every call is answered, and asks the senders to end their connections. */
  drain(): Promise<void>;
  /** Ends every call and connection. */
  cut(): void;
}

const SERVICES: Readonly<Record<Signal['name'], string>> = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};

/** Makes the engine. */
export function createGrpcEngine(config: CollectorConfig, deps: Omit<GrpcGuardDeps, 'signalOf'>): GrpcEngine {
  const admitted: AdmittedCalls = new WeakMap();
  const sockets: SocketKeys = new Map();
  const signals = new Map(SIGNALS.map((signal) => [SERVICES[signal.name], signal]));
  const guard = createGrpcGuard(
    { ...deps, signalOf: (path) => signals.get(path)?.name ?? 'traces' },
    admitted,
    sockets,
  );
  const server = new Server({ ...serverOptions(config), interceptors: [guard] });
  for (const [path, signal] of signals) {
    server.addService(definition(path), {
      Export: (call: ServerUnaryCall<Buffer, Uint8Array>, answer: sendUnaryData<Uint8Array>) => {
        const admittedCall = admitted.get(call.metadata);
        if (admittedCall === undefined) throw new Error('expected a call that the guard let in, got another');
        void answerCall({ signal, message: call.request, call: admittedCall }, deps, answer);
      },
    });
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  discardUnread(server, deps.clock);
  return {
    take(socket) {
      const key = socketKey(socket);
      sockets.set(key, socket);
      socket.once('close', () => {
        // Another may have come from the same port since.
        if (sockets.get(key) === socket) sockets.delete(key);
      });
      injector.injectConnection(socket);
    },
    drain: () =>
      new Promise((resolve) => {
        server.tryShutdown(() => {
          resolve();
        });
      }),
    cut: () => {
      server.forceShutdown();
    },
  };
}

interface Exchange {
  readonly signal: Signal;
  readonly message: Buffer;
  readonly call: GrpcCall;
}

async function answerCall(
  { signal, message, call }: Exchange,
  { receiver }: Pick<GrpcGuardDeps, 'receiver'>,
  answer: sendUnaryData<Uint8Array>,
): Promise<void> {
  const hold = call.takeHold();
  try {
    const received = await receiver.receive({
      signal,
      encoding: 'application/x-protobuf',
      tenant: call.tenant,
      hold,
      declaredBytes: message.length,
      read: (limits) => readMessage(message, call.gzip, limits),
    });
    if ('refusal' in received) answer(refusalStatus(received.refusal));
    else answer(null, exportMessage(received.value));
  } finally {
    hold.release();
  }
}

/** The message, inflated; what came stays in memory beside it. */
async function readMessage(message: Buffer, gzip: boolean, limits: BodyLimits): Promise<BodyResult> {
  if (!gzip) return { bytes: message, release: () => undefined };
  const body = { source: Readable.from([message]), gzip, isWhole: () => true };
  return readBody(body, { ...limits, hold: (bytes) => limits.hold(message.length + bytes) });
}

function definition(path: string): ServiceDefinition {
  const pass = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    Export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    },
  };
}

function serverOptions({ grpc, maxBodyBytes }: CollectorConfig): Readonly<Record<string, number>> {
  return {
    'grpc.enable_channelz': 0,
    'grpc.max_receive_message_length': maxBodyBytes,
    'grpc.max_concurrent_streams': grpc.maxConcurrentStreams,
    'grpc.keepalive_time_ms': grpc.keepAliveTimeMs,
    'grpc.keepalive_timeout_ms': grpc.keepAliveTimeoutMs,
    'grpc.max_connection_idle_ms': grpc.maxConnectionIdleMs,
    ...(grpc.maxConnectionAgeMs === 0 ? {} : { 'grpc.max_connection_age_ms': grpc.maxConnectionAgeMs }),
  };
}

import type { ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  ServerInterceptingCall,
  status,
  type Metadata,
  type ServerInterceptor,
  type ServerListener,
} from '@grpc/grpc-js';
import type { Clock } from '../core/clock.js';
import type { Counter } from '../core/metrics.js';
import type { Auth } from './auth.js';
import type { ConnectionCap } from './connection-cap.js';
import { GrpcCall } from './grpc-call.js';
import { ACCEPTED_ENCODINGS, refusalStatus, unknownEncoding } from './grpc-status.js';
import type { Receiver } from './receive.js';
import type { SignalName } from './signal-names.js';

export interface GrpcGuardDeps {
  readonly auth: Auth;
  readonly receiver: Receiver;
  readonly clock: Clock;
  readonly cap: ConnectionCap;
  readonly requests: Counter<'code'>;
  readonly maxBytes: number;
  readonly requestTimeoutMs: number;
  /** Signal of a method's path. */
  readonly signalOf: (path: string) => SignalName;
  /** Told when a call begins and when it ends. */
  readonly active: { begin(): void; end(): void };
}

/** The calls that were let in, by the metadata that their handler sees. */
export type AdmittedCalls = WeakMap<Metadata, GrpcCall>;

/** What grpc-js keeps of a call and has no public name for. That it is there, the tests see. */
interface CallInside {
  readonly stream: ServerHttp2Stream;
  incomingEncoding: string;
}

/** The sockets of sessions; HTTP/2 gives out a stand-in for them. */
export type SocketKeys = Map<string, Socket>;

/** Names a socket, or the stand-in for it. */
export function socketKey({ remoteAddress = '', remotePort = 0 }: Partial<Socket>): string {
  return `${remoteAddress} ${remotePort}`;
}

/**
 * Lets calls in: who may not send, or sends what is not understood, is told so before the message is read. grpc-js inflates a
 * message before anybody can bound it together with all others, so it is handed on as it came, and inflated where HTTP's are.
 */
export function createGrpcGuard(deps: GrpcGuardDeps, admitted: AdmittedCalls, sockets: SocketKeys): ServerInterceptor {
  return ({ path }, base) => {
    const inside = base as unknown as CallInside;
    const { stream, incomingEncoding: encoding } = inside;
    inside.incomingEncoding = 'identity';
    const socket = sockets.get(socketKey(stream.session?.socket ?? {}));
    const answered: Answered = { code: status.CANCELLED };
    const call = new GrpcCall(stream, {
      ...deps,
      hold: deps.receiver.hold(),
      overloaded: () => deps.receiver.overloaded(),
      onConnection: socket && deps.cap.of(socket)?.begin(),
      refuse: (refusal) => {
        const refused = refusalStatus(refusal);
        answered.code = refused.code;
        base.sendStatus(refused);
      },
    });
    deps.active.begin();
    const listener = listen({ call, encoding, signal: deps.signalOf(path), answered }, deps, admitted);
    return new ServerInterceptingCall(base, {
      start(next) {
        next(listener);
      },
      sendMetadata(metadata, next) {
        metadata.set('grpc-accept-encoding', ACCEPTED_ENCODINGS);
        next(metadata);
      },
      sendStatus(sent, next) {
        answered.code = sent.code;
        next(sent);
      },
    });
  };
}

/** What a call was told, for the count of calls. */
interface Answered {
  code: status;
}

interface Guarded {
  readonly call: GrpcCall;
  readonly encoding: string;
  readonly signal: SignalName;
  readonly answered: Answered;
}

function listen(
  { call, encoding, signal, answered }: Guarded,
  deps: GrpcGuardDeps,
  admitted: AdmittedCalls,
): ServerListener {
  return {
    onReceiveMetadata(metadata, handOn) {
      const tenant = deps.auth.admit(credentialsOf(metadata), signal);
      if ('refusal' in tenant) call.refuse(tenant.refusal);
      else if (encoding !== 'identity' && encoding !== 'gzip') call.refuse(unknownEncoding(encoding));
      else {
        call.tenant = tenant.value;
        admitted.set(metadata, call);
        handOn(metadata);
      }
    },
    onReceiveHalfClose(handOn) {
      const problem = call.frameProblem(encoding);
      if (problem === '') {
        call.whole();
        handOn();
      } else call.refuse({ status: 400, message: `${problem}; send one message of gRPC.` });
    },
    // Told of every call, however it ended.
    onCancel() {
      call.end();
      deps.requests.add(1, { code: status[answered.code] });
      deps.active.end();
    },
  };
}

function credentialsOf(metadata: Metadata): Parameters<Auth['admit']>[0] {
  const text = (key: string): string | undefined => metadata.get(key)[0]?.toString();
  return { authorization: text('authorization'), apiKey: text('x-api-key') };
}

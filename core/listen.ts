import type { AddressInfo, ListenOptions, Server } from 'node:net';
import { PipelineError } from './errors.js';

/** Where to listen, and the option of the command that says so. */
export interface ListenAddress extends Pick<ListenOptions, 'host' | 'port'> {
  readonly host: string;
  readonly port: number;
  readonly option: '--http' | '--grpc' | '--health';
}

/** @throws {PipelineError} LISTEN_FAILED */
export async function listen(server: Server, address: ListenAddress): Promise<void> {
  const { host, port } = address;
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(listenFailed(address, error));
    };
    server.once('error', fail);
    server.listen({ host, port }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** Such as `http://127.0.0.1:4318`, with the port that was given when any was asked for. */
export function urlOf(server: Server | undefined): string {
  const address = server?.address() as AddressInfo | null | undefined;
  if (address === null || address === undefined)
    throw new Error('expected a server that listens, got one that does not');
  const isWildcard = address.address === '0.0.0.0' || address.address === '::';
  const host = isWildcard ? '127.0.0.1' : address.address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

function listenFailed({ host, port, option }: ListenAddress, error: NodeJS.ErrnoException): PipelineError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another process holds that port; stop it, or choose another address',
    EACCES: 'this user may not open that port; choose a port above 1023',
    EADDRNOTAVAIL: 'this machine has no such address; choose another',
    ENOTFOUND: 'that host name has no address; choose another',
  };
  const reason = reasons[error.code ?? ''] ?? `the system said ${error.message}; choose another address`;
  const orNot = option === '--grpc' ? ', or set collector.grpc.enabled to false' : '';
  return new PipelineError(
    'LISTEN_FAILED',
    `expected to listen on ${host}:${port}, but ${reason} with ${option} HOST:PORT${orNot}.`,
    { cause: error },
  );
}

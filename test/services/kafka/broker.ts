import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../../core/package-root.js';
import { freePort } from '../../helpers/free-port.js';

/** Found from dist too, where the drills run. */
const SCRIPT = join(packageRoot(), 'test', 'services', 'kafka', 'broker.sh');
const run = promisify(execFile);
/** Longer than the script's own deadlines: it then says by itself what went wrong. */
const LIMIT_MS = 240_000;

/** Where one broker is reached. Plain data. */
export interface BrokerAddress {
  /** As HOST:PORT, without login. */
  readonly plain: string;
  /** Login by any mechanism without TLS, as `USER` or `GUEST`. */
  readonly sasl: string;
  readonly tls: string;
  /** SCRAM-SHA-512 alone, over TLS. */
  readonly secure: string;
  /** PEM file to trust on `tls`. */
  readonly caFile: string;
  /** Port where the broker tells clients to call `proxy`, so that a test can stand between. */
  readonly proxied: number;
  readonly proxy: number;
}

/** May do everything, as may who comes without login. */
export const USER = { username: 'assay', password: 'assay-secret' } as const;
/** May do what no ACL keeps for others. */
export const GUEST = { username: 'guest', password: 'guest-secret' } as const;

/** A broker of the test's own, on ports and in a folder that nobody else has. */
export interface Broker {
  readonly address: BrokerAddress;
  start(): Promise<void>;
  /** KILL ends it as a crash does. */
  stop(signal?: 'TERM' | 'KILL'): Promise<void>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

/**
 * Starts a broker; the first ever fetches its jars from Maven Central.
 * @throws {Error} that names what is missing on this machine
 */
export async function startBroker(): Promise<Broker> {
  const data = await mkdtemp(join(tmpdir(), 'assay-kafka-'));
  const ports: number[] = [];
  while (ports.length < 7) ports.push(await freePort());
  const [plain = 0, controller = 0, sasl = 0, tls = 0, proxied = 0, proxy = 0, secure = 0] = ports;
  const env = {
    ...process.env,
    KAFKA_DATA: data,
    KAFKA_HOST: '127.0.0.1',
    KAFKA_PORT: String(plain),
    KAFKA_CONTROLLER_PORT: String(controller),
    KAFKA_SASL_PORT: String(sasl),
    KAFKA_SSL_PORT: String(tls),
    KAFKA_PROXIED_PORT: String(proxied),
    KAFKA_PROXY_PORT: String(proxy),
    KAFKA_SECURE_PORT: String(secure),
    KAFKA_USER: USER.username,
    KAFKA_PASSWORD: USER.password,
    KAFKA_GUEST: GUEST.username,
    KAFKA_GUEST_PASSWORD: GUEST.password,
  };
  const script = async (...args: readonly string[]): Promise<void> => {
    await run(SCRIPT, args, { env, timeout: LIMIT_MS }).catch((error: unknown) => {
      const said = (error as { readonly stderr?: string }).stderr?.trim();
      throw new Error(said === undefined || said === '' ? String(error) : said);
    });
  };
  const at = (port: number): string => `127.0.0.1:${port}`;
  const broker: Broker = {
    address: {
      ...{ plain: at(plain), sasl: at(sasl), tls: at(tls), secure: at(secure) },
      ...{ caFile: join(data, 'ca.pem'), proxied, proxy },
    },
    start: () => script('start'),
    stop: (signal = 'TERM') => script('stop', signal),
    async dispose() {
      await script('stop', 'KILL');
      await rm(data, { recursive: true, force: true });
    },
  };
  try {
    await broker.start();
  } catch (error) {
    await broker.dispose();
    throw error;
  }
  return broker;
}

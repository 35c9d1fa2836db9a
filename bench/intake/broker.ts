import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../core/package-root.js';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const LIMIT_MS = 240_000;

/** A Kafka broker of the benchmark's own. */
export interface Broker {
  /** HOST:PORT, without login. */
  readonly address: string;
  readonly pid: number;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

/** Starts test/services/kafka/broker.sh on free ports. @throws {Error} that names what is missing on this machine */
export async function startBroker(): Promise<Broker> {
  const data = mkdtempSync(join(tmpdir(), 'assay-bench-kafka-'));
  const names = ['PORT', 'CONTROLLER_PORT', 'SASL_PORT', 'SSL_PORT', 'PROXIED_PORT', 'PROXY_PORT'];
  const ports = new Map<string, string>();
  for (const name of names) ports.set(`KAFKA_${name}`, String(await freePort()));
  const env = { ...process.env, ...Object.fromEntries(ports), KAFKA_DATA: data, KAFKA_HOST: '127.0.0.1' };
  const script = join(packageRoot(), 'test', 'services', 'kafka', 'broker.sh');
  const dispose = async (): Promise<void> => {
    await run(script, ['stop', 'KILL'], { env, timeout: LIMIT_MS });
    rmSync(data, { recursive: true, force: true });
  };
  try {
    await run(script, ['start'], { env, timeout: LIMIT_MS });
    const pid = Number(readFileSync(join(data, 'pid'), 'utf8'));
    return { address: `127.0.0.1:${ports.get('KAFKA_PORT')}`, pid, dispose };
  } catch (error) {
    await dispose();
    throw new Error((error as { readonly stderr?: string }).stderr?.trim() ?? String(error), { cause: error });
  }
}

import { existsSync } from 'node:fs';
import { inspectBus, type BusState, type DeadLetter } from '../../bus/index.js';
import type { SchemaState } from '../../store/index.js';
import type { AssayConfig } from '../config.js';
import { callControlSocket, untilReady, type Holder } from '../control-socket.js';
import { existingDataDirectory, layoutOf } from '../data-directory.js';
import type { LoadedConfig } from '../load-config.js';
import { openQueries } from '../open-queries.js';
import { fail, mebibytes, ok, warn, type Check } from './check.js';

/** What was asked for, nothing because there is none yet, or why it could not be had. */
export type Found<T> = { readonly value: T | undefined } | { readonly problem: string };

/** Asks the Assay that runs, or looks by itself. Makes nothing. */
export async function findBus(root: string, holder: Holder | undefined): Promise<Found<BusState>> {
  return attempt(async () =>
    holder?.kind === 'up'
      ? ((await untilReady(() => callControlSocket(root, 'busState', []))) as BusState)
      : inspectBus(layoutOf(root).bus),
  );
}

/** The same of the store. It is opened only where there is one, and brought up to this version then. */
export async function findStore(
  loaded: LoadedConfig,
  root: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Found<SchemaState>> {
  const isEmbedded = loaded.config.store.clickhouse.url === undefined;
  if (isEmbedded && !existsSync(layoutOf(root).store)) return { value: undefined };
  return attempt(async () => {
    if (isEmbedded) existingDataDirectory(root);
    const open = openQueries(loaded, { env });
    try {
      return await open.storeState();
    } finally {
      await open.close();
    }
  });
}

/** @returns why it could not be had, in place of an error */
export async function attempt<T>(work: () => Promise<T | undefined>): Promise<Found<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

const FULL_RATIO = 0.8;
const LATE_MS = 10 * 60_000;
/** Named one by one; of more, how many there are. */
const NAMED = 3;

/** What lies on the bus, who is behind, and what was found spoilt. */
export function checkBus(found: Found<BusState>, { bus }: AssayConfig, nowMs: number): readonly Check[] {
  if (bus.kafka !== undefined)
    return [ok('bus', `Kafka at ${bus.kafka.brokers.join(', ')}; assay topics list looks at it`)];
  if ('problem' in found) return [fail('bus', found.problem)];
  if (found.value === undefined) return [ok('bus', 'empty; made at the first start')];
  const { sizeBytes, deadLetters } = found.value;
  const use = `${mebibytes(sizeBytes)} of ${mebibytes(bus.capacityBytes)}`;
  const room =
    sizeBytes < FULL_RATIO * bus.capacityBytes
      ? ok('bus', use)
      : warn('bus', `${use}: beyond it spans are refused; see who is behind, or raise bus.capacityBytes`);
  return [room, lag(found.value, nowMs), spoilt(deadLetters)];
}

function lag({ groups }: BusState, nowMs: number): Check {
  const name = 'consumers';
  const behind = groups.filter((state) => state.lag > 0);
  const text = behind
    .map(({ topic, group, lag: records, oldestAcceptedAtMs }) => {
      const ageS = Math.max(0, Math.round((nowMs - (oldestAcceptedAtMs ?? nowMs)) / 1_000));
      return `${group} has ${records} of ${topic} to read, the oldest for ${ageS} s`;
    })
    .join('; ');
  if (behind.length === 0) return ok(name, groups.length === 0 ? 'none has read yet' : 'all have read everything');
  const isLate = behind.some(({ oldestAcceptedAtMs }) => nowMs - (oldestAcceptedAtMs ?? nowMs) > LATE_MS);
  return isLate ? warn(name, `${text}; start Assay with its role, or look at its log`) : ok(name, text);
}

function spoilt(letters: readonly DeadLetter[]): Check {
  const name = 'bus records';
  if (letters.length === 0) return ok(name, 'none was found spoilt');
  const newest = letters.slice(-NAMED).map(describe).join('; ');
  const count = letters.reduce((sum, { firstOffset, endOffset }) => sum + endOffset - firstOffset, 0);
  return warn(name, `${count} had other bytes than were written and were skipped: ${newest}; check the disk`);
}

function describe({ topic, firstOffset, endOffset, foundAtMs, sha256 }: DeadLetter): string {
  const place = endOffset - firstOffset === 1 ? String(firstOffset) : `${firstOffset}-${endOffset - 1}`;
  return `${topic} ${place} (found ${new Date(foundAtMs).toISOString()}, SHA-256 ${sha256.slice(0, 12)}…)`;
}

/** Whether the store opens, and by which version it was last had. */
export function checkStore(found: Found<SchemaState>): Check {
  const name = 'store schema';
  if ('problem' in found) return fail(name, found.problem);
  if (found.value === undefined) return ok(name, 'no store yet; made at the first start');
  const { version, knownVersion } = found.value;
  if (version <= knownVersion) return ok(name, `migration ${version} of ${knownVersion}`);
  return warn(
    name,
    `migration ${version}, but this Assay knows ${knownVersion}: a newer one has had this directory; update this one`,
  );
}

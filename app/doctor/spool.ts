import { inspectBus } from '../../bus/index.js';
import type { AssayConfig } from '../config.js';
import { callControlSocket, untilReady, type Holder } from '../control-socket.js';
import { layoutOf } from '../data-directory.js';
import type { SpoolState } from '../open-bus.js';
import { fail, mebibytes, ok, warn, type Check } from './check.js';
import { attempt, type Found } from './data.js';

const FULL_RATIO = 0.8;

/** Asks the Assay that has the spool open, or looks by itself. Nothing where there is none. */
export async function findSpool(root: string, holder: Holder | undefined): Promise<Found<SpoolState>> {
  return attempt(async () => {
    const open = holder?.kind === 'up' ? await untilReady(() => callControlSocket(root, 'spoolState', [])) : undefined;
    if (open !== undefined && open !== null) return open as SpoolState;
    const state = await inspectBus(layoutOf(root).spool);
    if (state === undefined) return undefined;
    return { records: state.groups.reduce((sum, { lag }) => sum + lag, 0), bytes: state.sizeBytes, problem: null };
  });
}

/** What waits for Kafka, and how much more may; nothing to say where there is neither Kafka nor a spool. */
export function checkSpool(
  found: Found<SpoolState>,
  { bus }: AssayConfig,
  holder: Holder | undefined,
): readonly Check[] {
  const name = 'spool';
  if ('problem' in found) return [fail(name, found.problem)];
  const { value } = found;
  const { kafka } = bus;
  if (value === undefined) return [];
  const waiting = value.records > 0;
  if (kafka?.spool.enabled !== true)
    return waiting
      ? [warn(name, `${value.records} records wait in it, and these settings do not send them; ${HOW_TO_SEND}`)]
      : [];
  const { maxBytes } = kafka.spool;
  const use = `${value.records} records wait for Kafka, room for ${mebibytes(Math.max(0, maxBytes - value.bytes))} of ${mebibytes(maxBytes)}`;
  const why = value.problem === null ? '' : ` (${value.problem})`;
  if (value.bytes >= FULL_RATIO * maxBytes)
    return [
      warn(
        name,
        `${use}${why}: once it is full senders are answered 503; bring Kafka back, or raise bus.kafka.spool.maxBytes`,
      ),
    ];
  if (waiting && holder?.kind !== 'up') return [warn(name, `${use}, and no Assay runs here; ${HOW_TO_SEND}`)];
  return [waiting ? warn(name, `${use}${why}`) : ok(name, `nothing waits for Kafka, room for ${mebibytes(maxBytes)}`)];
}

const HOW_TO_SEND = 'assay run --role receive with bus.kafka sends them';

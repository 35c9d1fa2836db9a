import {
  createKafkaLog,
  createLmdbLog,
  createSpooledLog,
  inspectBus,
  type BusConfig,
  type BusState,
  type KafkaLogDeps,
} from '../bus/index.js';
import type { ScannableLog } from '../core/log.js';
import type { Logger } from '../core/logger.js';

/** The bus, whichever it is, and what may be asked of it beside its records. */
export interface Bus extends ScannableLog {
  /** Why no spans are taken at the moment, or not so many bytes of them, as one sentence; undefined when they are. */
  refusal(bytes?: number): string | undefined;
  /** What somebody should know although spans are taken, as one sentence; undefined when there is nothing. */
  notice(): string | undefined;
  /** What lies in the data directory, as numbers; undefined on Kafka, whose own tools know more. */
  state(): BusState | undefined;
  /** What waits for Kafka; undefined where there is no spool. */
  spool(): SpoolState | undefined;
}

/** What lies in a spool. */
export interface SpoolState {
  readonly records: number;
  /** Of disk. */
  readonly bytes: number;
  /** Why it waits; null when nothing goes there at the moment, or nobody knows. */
  readonly problem: string | null;
}

/** Where a bus may lie. */
export interface BusPlace {
  /** The embedded one. */
  readonly directory: string;
  /** What waits for Kafka. Only of a process that does nothing but receive: what lies there is read by nobody else. */
  readonly spool?: string;
}

const nothing = (): undefined => undefined;

/** Makes the bus of these settings: Kafka where they name its brokers, else the embedded one. */
export async function openBus(config: BusConfig, { directory, spool }: BusPlace, deps: KafkaLogDeps): Promise<Bus> {
  const { kafka, ...embedded } = config;
  if (kafka === undefined)
    return Object.assign(createLmdbLog({ directory, ...embedded }, deps), { notice: nothing, spool: nothing });
  if (spool === undefined || !kafka.spool.enabled)
    return Object.assign(await createKafkaLog(kafka, deps), { notice: nothing, state: nothing, spool: nothing });
  return Object.assign(await createSpooledLog({ ...embedded, kafka, directory: spool }, deps), { state: nothing });
}

/** Says of records in a spool that nobody has now, as after a change of roles or settings, that they wait there. */
export async function sayWhatIsSpooled(directory: string, logger: Logger): Promise<void> {
  const records = (await inspectBus(directory))?.groups.reduce((sum, { lag }) => sum + lag, 0) ?? 0;
  if (records === 0) return;
  logger.warn(
    { records, directory },
    'records wait in the spool of an earlier run, and this one does not send them; assay run --role receive with bus.kafka does',
  );
}

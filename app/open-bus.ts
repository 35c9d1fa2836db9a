import { createKafkaLog, createLmdbLog, type BusConfig, type BusState, type KafkaLogDeps } from '../bus/index.js';
import type { ScannableLog } from '../core/log.js';

/** The bus, whichever it is, and what may be asked of it beside its records. */
export interface Bus extends ScannableLog {
  /** Why no spans are taken at the moment, or not so many bytes of them, as one sentence; undefined when they are. */
  refusal(bytes?: number): string | undefined;
  /** What lies in the data directory, as numbers; undefined on Kafka, whose own tools know more. */
  state(): BusState | undefined;
}

/** Makes the bus of these settings: Kafka where they name its brokers, else the embedded one in this directory. */
export async function openBus(config: BusConfig, directory: string, deps: KafkaLogDeps): Promise<Bus> {
  const { kafka, ...embedded } = config;
  if (kafka === undefined) return createLmdbLog({ directory, ...embedded }, deps);
  const log = await createKafkaLog(kafka, deps);
  return Object.assign(log, { state: () => undefined });
}

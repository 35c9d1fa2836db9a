import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TOPICS, type Topic } from '../core/log.js';
import { openDeadLetters, type DeadLetter, type DeadLetters } from './dead-letters.js';
import { openEnvironment } from './environment.js';
import { openTables, type Tables } from './tables.js';

/** How far a group is in a topic. */
export interface GroupState {
  readonly topic: Topic;
  readonly group: string;
  /** Records that it has not committed. */
  readonly lag: number;
  /** Bus time of the oldest of them; null when there is none. */
  readonly oldestAcceptedAtMs: number | null;
}

/** What lies on the bus, as numbers. */
export interface BusState {
  readonly sizeBytes: number;
  /** Bus time of the newest record; null when there is none. */
  readonly newestAcceptedAtMs: number | null;
  readonly groups: readonly GroupState[];
  /** What was found spoilt, the oldest find first. */
  readonly deadLetters: readonly DeadLetter[];
}

/** Looks at an open bus. Reads no record. */
export function readState(tables: Tables, deadLetters: DeadLetters): BusState {
  tables.refresh();
  const newest = TOPICS.map((topic) => tables.newestBlock(topic)?.acceptedAtMs ?? -Infinity);
  const newestAcceptedAtMs = Math.max(...newest);
  return {
    sizeBytes: tables.sizeBytes(),
    newestAcceptedAtMs: newestAcceptedAtMs === -Infinity ? null : newestAcceptedAtMs,
    groups: TOPICS.flatMap((topic) => tables.groupsOf(topic).map(([group]) => groupState(topic, group, tables))),
    deadLetters: deadLetters.list(),
  };
}

/** Records that a group has still to commit: neither those that retention removed nor those in gaps. */
export function lagOf(topic: Topic, group: string, tables: Tables): number {
  const end = tables.newestBlock(topic)?.endOffset ?? 0;
  const from = firstWaiting(topic, group, tables);
  return end <= from ? 0 : end - from - tables.erasedFrom(topic, from);
}

function groupState(topic: Topic, group: string, tables: Tables): GroupState {
  const lag = lagOf(topic, group, tables);
  const oldest = lag === 0 ? undefined : tables.blockAt(topic, firstWaiting(topic, group, tables));
  return { topic, group, lag, oldestAcceptedAtMs: oldest?.acceptedAtMs ?? null };
}

function firstWaiting(topic: Topic, group: string, tables: Tables): number {
  return Math.max(tables.committed(topic, group) ?? 0, tables.oldestBlocks(topic, 1)[0]?.firstOffset ?? 0);
}

/**
 * Looks at a bus that nobody needs to have open.
 * @returns undefined when there is none in this directory
 * @throws {PipelineError} DATA_DIRECTORY_UNUSABLE
 */
export async function inspectBus(directory: string): Promise<BusState | undefined> {
  const path = join(directory, 'log.mdb');
  if (!existsSync(path)) return undefined;
  const environment = openEnvironment(path);
  try {
    const tables = openTables(environment);
    return readState(tables, openDeadLetters(environment, tables));
  } finally {
    await environment.close();
  }
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import type { AssayQueries, Why } from '../api.js';
import { findHolder } from '../control-socket.js';
import type { LoadedConfig } from '../load-config.js';
import { openQueries } from '../open-queries.js';
import { startAssay } from '../start-assay.js';
import { makeTestSpan, sendTestSpan } from './test-span.js';

/** Where a trace is to arrive. */
export interface Reception {
  readonly url: string;
  /** True when nothing ran and a receiver was started for this look only, on a directory that is thrown away. */
  readonly isTemporary: boolean;
  readonly queries: AssayQueries;
  close(): Promise<void>;
}

const POLL_MS = 200;
/** A trace that arrived is decided within this, or told as it is. */
const DECIDED_WITHIN_MS = 15_000;
const ARRIVES_WITHIN_MS = 15_000;

/** Opens the running Assay, or starts one for this look: same address, no judge, nothing kept. */
export async function openReception(
  loaded: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Reception> {
  const { http } = loaded.config.collector;
  if ((await findHolder(loaded.config.dataDirectory))?.kind === 'up') {
    const open = openQueries(loaded, { env });
    return { url: `http://${http.host}:${http.port}`, isTemporary: false, ...open };
  }
  const dataDirectory = mkdtempSync(join(tmpdir(), 'assay-doctor-'));
  // Without keys in its environment it has no judge, so nothing that arrives can cost money.
  const raw = {
    ...loaded.raw,
    dataDirectory,
    models: {},
    log: { level: 'silent' },
    bus: withoutServer(loaded, 'bus', 'kafka'),
    store: withoutServer(loaded, 'store', 'clickhouse'),
  };
  try {
    const assay = await startAssay({ loaded: { raw, config: { ...loaded.config, dataDirectory } }, env: {} });
    const close = async (): Promise<void> => {
      await assay.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    };
    return { url: assay.url, isTemporary: true, queries: assay.queries, close };
  } catch (error) {
    rmSync(dataDirectory, { recursive: true, force: true });
    throw error;
  }
}

/** Settings of a folder without the server that is shared with others: the test span is for nobody else. */
function withoutServer({ raw }: LoadedConfig, section: 'bus' | 'store', server: string): object {
  const settings = Object.entries(raw[section] ?? {});
  return Object.fromEntries(settings.filter(([key]) => key !== server));
}

/** Sends one test span and waits until it can be asked for. */
export async function receiveOwn({ url, queries }: Reception): Promise<Why | undefined> {
  const span = makeTestSpan(systemClock.nowMs());
  await sendTestSpan(url, span);
  return untilDecided(() => whyIfKnown(queries, span.traceId), ARRIVES_WITHIN_MS);
}

/** Waits for the next trace that somebody else sends. @returns undefined when none came in time */
export function receiveNext({ queries }: Reception, withinMs: number): Promise<Why | undefined> {
  const sinceMs = systemClock.nowMs();
  return untilDecided(async () => {
    const rows = await queries.traces({ limit: 50 });
    // The list is newest first; of several the first to come is the one that was waited for.
    const row = rows.findLast(({ firstSeenAt }) => Date.parse(firstSeenAt) >= sinceMs - 1_000);
    return row === undefined ? undefined : whyIfKnown(queries, row.traceId);
  }, withinMs);
}

async function untilDecided(look: () => Promise<Why | undefined>, withinMs: number): Promise<Why | undefined> {
  const startedMs = systemClock.nowMs();
  let found: Why | undefined;
  let foundMs = Infinity;
  for (;;) {
    found = (await look()) ?? found;
    const nowMs = systemClock.nowMs();
    if (found !== undefined) foundMs = Math.min(foundMs, nowMs);
    const isDone = found?.decision != null || nowMs - foundMs > DECIDED_WITHIN_MS;
    if (isDone || (found === undefined && nowMs - startedMs > withinMs)) return found;
    await systemClock.sleep(POLL_MS);
  }
}

async function whyIfKnown(queries: AssayQueries, traceId: string): Promise<Why | undefined> {
  try {
    return await queries.why(traceId);
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'TRACE_UNKNOWN') return undefined;
    throw error;
  }
}

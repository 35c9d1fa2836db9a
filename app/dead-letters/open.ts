import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { callControlSocket, findHolder, notReady, tryHoldControlSocket, untilReady } from '../control-socket.js';
import { layoutOf } from '../data-directory.js';
import type { LoadedConfig } from '../load-config.js';
import { openBus } from '../open-bus.js';
import type { DeadLetter, DeadLetterCalls, DeadLetterList, ReplayedLetters } from './api.js';
import { deadLetterCalls } from './calls.js';

const CLOSE_MS = 10_000;

/** The calls, and how to let go of what answers them. */
export interface OpenDeadLetters extends DeadLetterCalls {
  close(): Promise<void>;
}

interface OwnBus {
  readonly calls: DeadLetterCalls;
  close(): Promise<void>;
}

/**
 * Each call asks whoever owns the data directory. When nobody does, this process opens the bus until `close`, and nothing else:
 * dead letters can be looked at where the store cannot be opened.
 *
 * A call throws ASSAY_UNREACHABLE when nobody owns the directory and no earlier run left a bus in it, or what opening it throws.
 */
export function openDeadLetters(loaded: LoadedConfig): OpenDeadLetters {
  const root = resolve(loaded.config.dataDirectory);
  let own: OwnBus | undefined;
  async function ask<Method extends keyof DeadLetterCalls>(
    method: Method,
    args: Parameters<DeadLetterCalls[Method]>,
  ): Promise<unknown> {
    if (own === undefined) {
      if ((await findHolder(root)) !== undefined) return callControlSocket(root, method, args);
      own = await openOwnBus(loaded, root);
    }
    const call = own.calls[method] as (...given: readonly unknown[]) => Promise<unknown>;
    return call(...args);
  }
  return {
    deadLetters: async (limit) => (await untilReady(() => ask('deadLetters', [limit]))) as DeadLetterList,
    deadLetter: async (id) => (await untilReady(() => ask('deadLetter', [id]))) as DeadLetter,
    replayDeadLetters: async (ids) => (await untilReady(() => ask('replayDeadLetters', [ids]))) as ReplayedLetters,
    close: async () => own?.close(),
  };
}

async function openOwnBus(loaded: LoadedConfig, root: string): Promise<OwnBus> {
  const { bus } = loaded.config;
  // Kafka may have as many clients as it likes; a bus on disk has one owner.
  const release = bus.kafka === undefined ? await holdDirectory(root) : () => Promise.resolve();
  try {
    const deps = { clock: systemClock, logger: silentLogger, metrics: noMetrics, random: Math.random };
    const log = await openBus(bus, { directory: layoutOf(root).bus }, deps);
    await log.start(AbortSignal.timeout(CLOSE_MS));
    return {
      calls: deadLetterCalls(log),
      async close() {
        await log.stop(AbortSignal.timeout(CLOSE_MS));
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** @returns how to give it up */
async function holdDirectory(root: string): Promise<() => Promise<void>> {
  if (!existsSync(join(layoutOf(root).bus, 'log.mdb'))) {
    throw new PipelineError(
      'ASSAY_UNREACHABLE',
      `expected a running Assay or the bus of an earlier run in ${root}, found neither; name its directory with --data, or its Kafka with --config or --set`,
    );
  }
  const socket = await tryHoldControlSocket(root, {
    kind: 'command',
    handler: () => Promise.reject(notReady('is another command')),
  });
  if (socket === undefined) throw notReady('has just lost the directory to another one');
  return () => socket.close();
}

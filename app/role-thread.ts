import { parentPort, workerData } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { systemClock } from '../core/clock.js';
import { armFaultPoint } from '../core/fault-points.js';
import { assayConfig } from './config.js';
import { openDataDirectory } from './data-directory.js';
import { createLogger } from './logger.js';
import { createMetrics } from './metrics.js';
import { buildRole } from './pipeline.js';
import type { RoleSetup } from './role-host.js';
import { createRpc, type Rpc } from './rpc.js';

/** Longest that a role may take to hand on what it holds. */
const DRAIN_MS = 20_000;

const port = parentPort;
if (port === null) throw new Error('expected to run as a thread of Assay, got the main thread');

const setup = workerData as RoleSetup;
const config = assayConfig.parse(setup.raw);
const registry = new Registry();
const started = new AbortController();
const armed = setup.env['ASSAY_FAULT'];
if (armed !== undefined && armed !== '') armFaultPoint(armed);

const role = buildRole(setup.role, {
  config,
  directory: openDataDirectory(setup.dataDirectory),
  env: setup.env,
  clock: systemClock,
  logger: createLogger(config.log.level, setup.role),
  metrics: createMetrics(registry),
  process: {
    announce: (text) => void rpc.call('announce', text),
    firstTrace: (traceId) => void rpc.call('firstTrace', traceId),
    admin: async (path) => (await rpc.call('admin', path)) as Awaited<ReturnType<typeof rpc.call>> as never,
  },
});

const rpc: Rpc = createRpc(port, {
  ...role.handlers,
  async start() {
    for (const component of role.components) await component.start(started.signal);
    return role.address?.();
  },
  async stop() {
    const signal = AbortSignal.timeout(DRAIN_MS);
    for (const component of [...role.components].reverse()) await component.stop(signal);
    started.abort();
    setImmediate(() => {
      port.close();
    });
  },
  metrics: () => registry.getMetricsAsJSON(),
});

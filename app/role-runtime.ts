import { Registry } from 'prom-client';
import { systemClock } from '../core/clock.js';
import { armFaultPoint } from '../core/fault-points.js';
import { assayConfig, type RawConfig } from './config.js';
import { openDataDirectory } from './data-directory.js';
import { createLogger } from './logger.js';
import { createMetrics } from './metrics.js';
import { buildRole, type HostProcess, type ReceiverAddress, type Role, type RoleName } from './pipeline.js';

/** What a role is made from: plain data, so that it can cross to a thread and be parsed again there. */
export interface RoleSetup {
  readonly role: RoleName;
  readonly raw: RawConfig;
  readonly dataDirectory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** True for a role that only answers calls, and leaves what lies on the bus to the next Assay. */
  readonly standby?: boolean;
  /** True where no other role runs in its process. */
  readonly alone?: boolean;
}

/** A role's life, and the calls that it answers. */
export interface RoleRuntime {
  /** @returns where it can be reached, if anywhere */
  start(): Promise<ReceiverAddress | undefined>;
  stop(): Promise<void>;
  /** As prom-client's JSON. */
  metrics(): Promise<object>;
  call(method: string, args: readonly unknown[]): Promise<unknown>;
}

/** Longest that a role may take to hand on what it holds. */
const DRAIN_MS = 20_000;

/** Makes a role ready to start, in whatever thread this is called. */
export function createRoleRuntime(setup: RoleSetup, host: HostProcess): RoleRuntime {
  const config = assayConfig.parse(setup.raw);
  const registry = new Registry();
  const started = new AbortController();
  let role: Role | undefined;
  return {
    async start() {
      const armed = setup.env['ASSAY_FAULT'] ?? '';
      if (armed !== '') armFaultPoint(armed);
      role = await buildRole(setup.role, {
        config,
        directory: openDataDirectory(setup.dataDirectory),
        env: setup.env,
        standby: setup.standby ?? false,
        alone: setup.alone ?? false,
        clock: systemClock,
        logger: createLogger(config.log.level, setup.role),
        metrics: createMetrics(registry),
        process: host,
      });
      for (const component of role.components) await component.start(started.signal);
      return role.address?.();
    },
    async stop() {
      const signal = AbortSignal.timeout(DRAIN_MS);
      for (const component of [...(role?.components ?? [])].reverse()) await component.stop(signal);
      started.abort();
    },
    metrics: () => registry.getMetricsAsJSON(),
    async call(method, args) {
      const handler = role?.handlers[method] as ((...args: readonly unknown[]) => unknown) | undefined;
      if (handler === undefined) throw new Error(`expected a method of the ${setup.role} role, got ${method}`);
      return handler(...args);
    },
  };
}

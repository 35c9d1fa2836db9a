import { createLmdbLog, createLmdbState } from '../bus/index.js';
import { createCollector } from '../collector/index.js';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Log } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { readTrajectory } from '../dialects/index.js';
import { createJudge, loadRubrics, renderEvidence } from '../judges/index.js';
import { chooseModel } from '../models/index.js';
import { createSampler } from '../sampler/index.js';
import { createStoreReader, createWriter } from '../store/index.js';
import type { AssayConfig } from './config.js';
import type { DataDirectory } from './data-directory.js';
import { createQueries } from './queries.js';
import type { RpcHandlers } from './rpc.js';

/**
 * The diagram of DESIGN.md as code. Roles meet only on the bus; nobody else knows who hands what to whom.
 *
 *     receive ──spans──▶ sample ──judgements──▶ judge
 *                 │          │ decisions, policies │ verdicts, spend
 *                 └──────────┴────▶ write ◀────────┘          query reads what write wrote
 */
export const ROLES = ['receive', 'sample', 'judge', 'write', 'query'] as const;
export type RoleName = (typeof ROLES)[number];

/** A role: parts in the order in which they start, and the calls that it answers. */
export interface Role {
  readonly components: readonly Component[];
  readonly handlers: RpcHandlers;
  /** Where it can be reached, once started. */
  address?(): string;
}

/** What a role may ask of the process that hosts it. */
export interface HostProcess {
  announce(text: string): void;
  firstTrace(traceId: string): void;
  admin(path: string): Promise<AdminAnswer | undefined>;
}

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface RoleContext {
  readonly config: AssayConfig;
  readonly directory: DataDirectory;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly process: HostProcess;
}

const BUILDERS: Readonly<Record<RoleName, (context: RoleContext) => Role>> = { receive, sample, judge, write, query };

/** Wires one role; opens nothing yet. */
export function buildRole(name: RoleName, context: RoleContext): Role {
  return BUILDERS[name](context);
}

function receive(context: RoleContext): Role {
  const log = makeLog(context);
  const collector = createCollector(context.config.collector, {
    ...observed(context),
    log: announcingLog(log, context.process),
    admin: (path) => context.process.admin(path),
  });
  return { components: [log, collector], handlers: {}, address: () => collector.url };
}

function sample(context: RoleContext): Role {
  const log = makeLog(context);
  const state = makeState(context, 'sample');
  const reader = createStoreReader({ dataDirectory: context.directory.store, ...context.config.store });
  const sampler = createSampler(context.config.sampler, {
    ...observed(context),
    log,
    state,
    archive: reader,
    readTrajectory,
    renderEvidence: (trajectory) => renderEvidence(trajectory, context.config.judges),
    criteria: loadRubrics().map((rubric) => rubric.rule),
  });
  return { components: [log, state, reader, sampler], handlers: {} };
}

function judge(context: RoleContext): Role {
  const log = makeLog(context);
  const state = makeState(context, 'judge');
  const part = createJudge(context.config.judges, {
    ...observed(context),
    log,
    state,
    model: chooseModel(context.config.models, context.env),
    rubrics: loadRubrics(),
    random: Math.random,
    announce: (text) => {
      context.process.announce(text);
    },
  });
  return { components: [log, state, part], handlers: {} };
}

function write(context: RoleContext): Role {
  const log = makeLog(context);
  const state = makeState(context, 'write');
  const writer = createWriter({ dataDirectory: context.directory.store, ...context.config.store }, { ...observed(context), log, state });
  return { components: [log, state, writer], handlers: {} };
}

function query(context: RoleContext): Role {
  const log = makeLog(context);
  const reader = createStoreReader({ dataDirectory: context.directory.store, ...context.config.store });
  const queries = createQueries({ reader, log, config: context.config, env: context.env });
  return { components: [log, reader], handlers: { ...queries } };
}

function makeLog(context: RoleContext): Log {
  return createLmdbLog({ directory: context.directory.bus, ...context.config.bus }, observed(context));
}

function makeState(context: RoleContext, name: RoleName): ReturnType<typeof createLmdbState> {
  return createLmdbState({ directory: context.directory.state, name });
}

function observed({ clock, logger, metrics }: RoleContext): Pick<RoleContext, 'clock' | 'logger' | 'metrics'> {
  return { clock, logger, metrics };
}

/** Tells the process of the first trace that this start accepted, so that a newcomer learns its `why` command. */
function announcingLog(log: Log, host: HostProcess): Log {
  let told = false;
  return {
    ...log,
    async append(records) {
      await log.append(records);
      const first = records[0];
      if (told || first === undefined) return;
      told = true;
      host.firstTrace(first.key);
    },
  };
}

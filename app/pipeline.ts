import { createKafkaSource, createLmdbState, type KafkaLogDeps } from '../bus/index.js';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { PipelineError, type ErrorCode } from '../core/errors.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { announcingLog } from './announcing-log.js';
import { floorCalls } from './adversarial/calls.js';
import { alarmCalls, recordAttempt } from './alarms/calls.js';
import type { AssayConfig } from './config.js';
import type { DataDirectory } from './data-directory.js';
import { deadLetterCalls } from './dead-letters/calls.js';
import type { EraseRequest } from '../store/index.js';
import { openBus, sayWhatIsSpooled, type Bus, type BusPlace } from './open-bus.js';
import type { RpcHandlers } from './rpc.js';
import { createTelemetry, observeFetch, observeLog, observeModel, type Telemetry } from './telemetry/index.js';
import { readVersion } from './version.js';

/**
 * The diagram of DESIGN.md as code. Roles meet only on the bus; nobody else knows who hands what to whom.
 *
 *     receive ──spans──▶ sample ──judgements──▶ judge ──verdicts──▶ publish
 *                 │          │ decisions, policies │ verdicts, spend
 *                 └──────────┴────▶ write ◀────────┘          query reads what write wrote, and so does gate, which
 *                                                             puts alarms on the bus and tells channels of them
 *
 * What write or judge cannot read goes to `dead-letters`, as does what receive cannot take in of `bus.source`. No role reads that:
 * commands do.
 */
export const ROLES = ['receive', 'sample', 'judge', 'publish', 'gate', 'write', 'query'] as const;
export type RoleName = (typeof ROLES)[number];

/** The roles that have something to do under these settings. */
export function rolesFor({ publish }: AssayConfig): readonly RoleName[] {
  return ROLES.filter((role) => role !== 'publish' || publish.endpoint !== undefined);
}

/** A role: parts in the order in which they start, and the calls that it answers. */
export interface Role {
  readonly components: readonly Component[];
  readonly handlers: RpcHandlers;
  /** Where it can be reached, once started. */
  address?(): ReceiverAddress;
}

/** Where the receiver can be reached. */
export interface ReceiverAddress {
  readonly url: string;
  /** Left out where gRPC is off. */
  readonly grpcUrl?: string;
}

/** What a role may ask of the process that hosts it. */
export interface HostProcess {
  announce(text: string): void;
  firstTrace(traceId: string): void;
  admin(path: string): Promise<AdminAnswer | undefined>;
  /** Ends the process, since a role cannot go on and a new start may help. */
  giveUp(code: ErrorCode, message: string): void;
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
  /** Answers calls only, and leaves what lies on the bus to the next Assay. */
  readonly standby: boolean;
  /** No other role runs in this process. */
  readonly alone: boolean;
}

const BUILDERS: Readonly<Record<RoleName, (context: RoleContext) => Promise<Role>>> = {
  receive,
  sample,
  judge,
  publish,
  gate,
  write,
  query,
};

/** Wires one role, and loads only what that role needs; opens nothing yet. */
export function buildRole(name: RoleName, context: RoleContext): Promise<Role> {
  return BUILDERS[name](context);
}

async function receive(context: RoleContext): Promise<Role> {
  const { createCollector } = await import('../collector/index.js');
  const log = await makeReceiverLog(context);
  const { source: settings } = context.config.bus;
  const source = settings === undefined ? undefined : await createKafkaSource(settings, { ...kafkaDeps(context), log });
  const encoding = settings?.encoding ?? 'otlp_proto';
  const collector = createCollector(context.config.collector, {
    ...observed(context),
    sources: (source?.readers ?? []).map((of) => ({ ...of, encoding })),
    log: announcingLog(log, context.process),
    busRefusal: (bytes) => log.refusal(bytes),
    admin: (path) => context.process.admin(path),
    random: Math.random,
  });
  const address = (): ReceiverAddress => {
    const { url, grpcUrl } = collector;
    return grpcUrl === undefined ? { url } : { url, grpcUrl };
  };
  return {
    components: [log, ...some(source), collector],
    handlers: {
      refusal: () => log.refusal(),
      notice: () => log.notice(),
      busState: () => log.state(),
      spoolState: () => log.spool(),
      ...deadLetterCalls(log),
    },
    address,
  };
}

async function sample(context: RoleContext): Promise<Role> {
  const { readTrajectory } = await import('../dialects/index.js');
  const { loadRubrics, renderEvidence } = await import('../judges/index.js');
  const { createSampler } = await import('../sampler/index.js');
  const { createStoreReader } = await import('../store/index.js');
  const { bus, sampler: settings } = context.config;
  if (bus.kafka !== undefined && settings.salt === undefined) throw new PipelineError('CONFIG_INVALID', NO_SALT);
  const own = makeTelemetry(context, 'sample');
  const log = await makeLog(context);
  const state = makeState(context, 'sample');
  const reader = createStoreReader({ dataDirectory: context.directory.store, ...context.config.store });
  const sampler = createSampler(context.config.sampler, {
    ...observed(context),
    log: own === undefined ? log : observeLog(log, own),
    state,
    archive: reader,
    readTrajectory,
    renderEvidence: (trajectory) => renderEvidence(trajectory, context.config.judges),
    criteria: loadRubrics(context.config.judges).map((rubric) => rubric.rule),
  });
  return { components: [...some(own), log, state, reader, sampler], handlers: {} };
}

const NO_SALT =
  'expected sampler.salt with bus.kafka, found none: every sampler has to draw the same sample, so give all of them the same secret, such as the output of openssl rand -hex 32';

const NO_MODEL =
  'No judge model: the checks run alone. Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or models.judge, to have traces judged.';

/** From the end of a call until its reply is in the journal of whoever has its partition by then. */
const SETTLING_MS = 5_000;

function patienceMs({ judge, confirm }: AssayConfig['models']): number {
  return Math.max(judge.timeoutMs, confirm?.timeoutMs ?? 0) + SETTLING_MS;
}

async function judge(context: RoleContext): Promise<Role> {
  const { createJudge, loadRubrics } = await import('../judges/index.js');
  const { judgeCalls } = await import('./judge-calls.js');
  const { chooseConfirmModel, chooseModel } = await import('../models/index.js');
  const { createSkipper } = await import('../publisher/index.js');
  const own = makeTelemetry(context, 'judge');
  const log = await makeLog(context);
  const state = makeState(context, 'judge');
  const { models } = context.config;
  const model = await chooseModel(models, context.env);
  const confirm = await chooseConfirmModel(models, context.env);
  if (model === undefined) context.process.announce(NO_MODEL);
  const part = createJudge(context.config.judges, {
    ...observed(context),
    log,
    state,
    model: model === undefined || own === undefined ? model : observeModel(model, own),
    ...(confirm && { confirm: own === undefined ? confirm : observeModel(confirm, own) }),
    attends: !context.standby,
    ...(context.config.bus.kafka && { shared: { patienceMs: patienceMs(models) } }),
    rubrics: loadRubrics(context.config.judges),
    random: Math.random,
    announce: (text) => {
      context.process.announce(text);
    },
  });
  const { config, clock } = context;
  const isPublished = context.standby || context.config.publish.endpoint !== undefined;
  const skipper = isPublished ? undefined : createSkipper({ ...observed(context), log });
  const handlers = {
    ...judgeCalls({ judge: part, config, clock }),
    ...deadLetterCalls(log),
    async forget(traceIds: readonly string[]) {
      const forgotten = await part.forget(traceIds);
      // What is deleted from the file stays in it otherwise.
      await state.scrub(clock);
      return forgotten;
    },
  };
  return { components: [...some(own), log, state, ...some(skipper), part], handlers };
}

async function publish(context: RoleContext): Promise<Role> {
  const { createPublisher } = await import('../publisher/index.js');
  const { endpoint, ...settings } = context.config.publish;
  if (endpoint === undefined)
    throw new PipelineError('CONFIG_INVALID', 'expected publish.endpoint for the role publish, found none: set it');
  const own = makeTelemetry(context, 'publish');
  const log = await makeLog(context);
  const publisher = createPublisher(
    { ...settings, endpoint, version: readVersion() },
    {
      ...observed(context),
      log,
      random: Math.random,
      fetch: own === undefined ? fetch : observeFetch(fetch, own),
    },
  );
  return { components: [...some(own), log, publisher], handlers: { ...deadLetterCalls(log) } };
}

async function gate(context: RoleContext): Promise<Role> {
  const { Watch } = await import('../gates/index.js');
  const { createNotifier } = await import('../notifier/index.js');
  const { createStoreReader } = await import('../store/index.js');
  const log = await makeLog(context);
  const state = makeState(context, 'gate');
  const reader = createStoreReader({ dataDirectory: context.directory.store, ...context.config.store });
  const notifier = createNotifier(context.config.notify, {
    ...observed(context),
    state,
    fetch,
    random: Math.random,
    record: (attempt) => recordAttempt(log, attempt),
  });
  const watch = new Watch(context.config.gates, {
    ...observed(context),
    state,
    log,
    sliceDays: (sinceDay) => reader.sliceDays(sinceDay),
    async sight({ sinceMs, nowMs }) {
      return { answers: await reader.judgeAnswers(sinceMs), progress: await reader.pipelineProgress(nowMs) };
    },
    caseAnswers: (sinceMs) => reader.caseAnswers(sinceMs),
    notify: (step) => notifier.notify(step),
  });
  const handlers = { ...alarmCalls({ watch, notifier }), ...floorCalls(watch), ...deadLetterCalls(log) };
  // On standby nobody looks and nothing that waits is sent: a person asks one thing.
  return { components: context.standby ? [log, state] : [log, state, reader, notifier, watch], handlers };
}

async function write(context: RoleContext): Promise<Role> {
  const { createWriter } = await import('../store/index.js');
  const log = await makeLog(context);
  const state = makeState(context, 'write');
  const writer = createWriter(
    { dataDirectory: context.directory.store, ...context.config.store },
    {
      ...observed(context),
      log,
      state,
      // Loaded when somebody erases by session or user: the writer reads no trajectories otherwise.
      readTrajectory: async (spans, origin) => (await import('../dialects/index.js')).readTrajectory(spans, origin),
    },
  );
  return { components: [log, state, writer], handlers: { erase: (request: EraseRequest) => writer.erase(request) } };
}

async function query(context: RoleContext): Promise<Role> {
  const { createStoreReader } = await import('../store/index.js');
  const { createQueries } = await import('./queries.js');
  const log = await makeLog(context);
  const reader = createStoreReader({ dataDirectory: context.directory.store, ...context.config.store });
  const { config, clock, env } = context;
  const queries = createQueries({
    ...{ reader, log, config, clock },
    model: async () => (await import('../models/index.js')).chooseModel(config.models, env),
    confirm: async () => (await import('../models/index.js')).chooseConfirmModel(config.models, env),
  });
  const states = { busState: () => log.state(), storeState: () => reader.state() };
  return { components: [log, reader], handlers: { ...queries, ...states, ...deadLetterCalls(log) } };
}

function makeLog(context: RoleContext): Promise<Bus> {
  return makeBus(context, { directory: context.directory.bus });
}

/** Alone it acknowledges also while Kafka is away; with others it would take in what they cannot work on. */
async function makeReceiverLog(context: RoleContext): Promise<Bus> {
  const { alone, config, directory, logger } = context;
  if (alone && config.bus.kafka?.spool.enabled === true)
    return makeBus(context, { directory: directory.bus, spool: directory.spool });
  await sayWhatIsSpooled(directory.spool, logger);
  return makeLog(context);
}

function makeBus(context: RoleContext, place: BusPlace): Promise<Bus> {
  return openBus(context.config.bus, place, kafkaDeps(context));
}

function kafkaDeps(context: RoleContext): KafkaLogDeps {
  const onGivenUp = ({ code, message }: PipelineError): void => {
    context.process.giveUp(code, message);
  };
  return { ...observed(context), random: Math.random, onGivenUp };
}

function makeState(context: RoleContext, name: RoleName): ReturnType<typeof createLmdbState> {
  return createLmdbState({ directory: context.directory.state, name });
}

/** Assay's own spans of a role; undefined when none are made. */
function makeTelemetry(context: RoleContext, role: RoleName): Telemetry | undefined {
  return createTelemetry({ ...context.config.telemetry, role, version: readVersion() }, observed(context));
}

function some(component: Component | undefined): readonly Component[] {
  return component === undefined ? [] : [component];
}

function observed({ clock, logger, metrics }: RoleContext): Pick<RoleContext, 'clock' | 'logger' | 'metrics'> {
  return { clock, logger, metrics };
}

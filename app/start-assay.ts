import { existsSync } from 'node:fs';
import type { ReleaseCells } from '../core/cell.js';
import { systemClock } from '../core/clock.js';
import { PipelineError, type ErrorCode } from '../core/errors.js';
import type { Label } from '../core/label.js';
import type {
  AssayQueries,
  ErasedTraces,
  EraseRequest,
  JudgePreview,
  JudgeRequest,
  PromptRow,
  Report,
  ReportRequest,
  RubricTest,
  RunningAssay,
  Status,
  TraceFilter,
  TraceRow,
  Why,
  WhyVerdict,
} from './api.js';
import { remoteAdversarial } from './adversarial/remote.js';
import { remoteAlarms } from './alarms/remote.js';
import type { AddedLabels, GivenLabel, LabelPlan, LabelScope, LabelTask } from './labels/api.js';
import { answerCall, rolesOf } from './calls.js';
import { holdControlSocket, notReady, type ControlSocket } from './control-socket.js';
import { openDataDirectory } from './data-directory.js';
import { HealthServer } from './health-server.js';
import type { LoadedConfig } from './load-config.js';
import { metricsPage } from './metrics.js';
import { rolesFor, type AdminAnswer, type HostProcess, type ReceiverAddress, type RoleName } from './pipeline.js';
import { RoleSet } from './role-set.js';
import { useUtc } from './use-utc.js';

const SETTLED_POLL_MS = 100;

export interface StartOptions {
  readonly loaded: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Left out: all of them, or `receive` alone where the store's engine is not installed. */
  readonly roles?: readonly RoleName[];
  /** Lines that a person should see, such as the judge's announcement. */
  readonly announce?: (text: string) => void;
  readonly onFirstTrace?: (traceId: string) => void;
  /** Called when a role ends that nobody stopped, or cannot go on; the process should end, and say why. */
  readonly onDeath?: (error: Error) => void;
  /** Gives up a start that is under way; what it had started is stopped. */
  readonly signal?: AbortSignal;
}

const RECEIVES_ONLY =
  'The store (npm package chdb) is not installed: this Assay only receives, and keeps what it acknowledges. To have it judged and stored: npm install chdb, and start Assay again.';

/**
 * Starts Assay embedded: every role in a thread of this process, one data directory.
 * @throws {PipelineError} DATA_DIRECTORY_BUSY, DATA_DIRECTORY_UNUSABLE, LISTEN_FAILED, MODEL_UNPRICED, RUBRIC_INVALID
 */
export async function startAssay(options: StartOptions): Promise<RunningAssay> {
  useUtc();
  const { config } = options.loaded;
  if (!existsSync(config.dataDirectory)) await refuseModel(options);
  options.signal?.throwIfAborted();
  const directory = openDataDirectory(config.dataDirectory);
  const missing = options.roles === undefined ? await engineError(config) : undefined;
  if (missing !== undefined) options.announce?.(RECEIVES_ONLY);
  const roles = options.roles ?? (missing === undefined ? rolesFor(config) : ['receive']);
  const embedded = new EmbeddedAssay({ ...options, roles }, directory.root);
  await embedded.start();
  return embedded.running();
}

/** Why nothing here can open the store; undefined when it can. A store on a server takes no engine here. */
async function engineError({ store }: LoadedConfig['config']): Promise<PipelineError | undefined> {
  if (store.clickhouse.url !== undefined) return undefined;
  const { engineMissing, isEngineInstalled } = await import('../store/index.js');
  return isEngineInstalled() ? undefined : engineMissing();
}

/** Says what is wrong with the judge model before the first start makes a directory; later the judge role says it. */
async function refuseModel({ loaded, env }: StartOptions): Promise<void> {
  const { readConfirmOptions, readModelOptions } = await import('../models/index.js');
  readModelOptions(loaded.config.models, env);
  readConfirmOptions(loaded.config.models, env);
}

/** Assay as it runs in this process: its roles, and the socket by which commands reach them. */
class EmbeddedAssay implements HostProcess {
  readonly #options: StartOptions;
  readonly #root: string;
  readonly #roles: RoleSet;
  readonly #health: HealthServer | undefined;
  #control: ControlSocket | undefined;
  #stopped: Promise<void> | undefined;
  #ready = false;
  #answering = false;
  #address: ReceiverAddress = { url: '' };

  constructor(options: StartOptions & { readonly roles: readonly RoleName[] }, root: string) {
    const { loaded, env, onDeath, roles } = options;
    this.#options = options;
    this.#root = root;
    const { host, port } = loaded.config.health;
    this.#health = port === undefined ? undefined : new HealthServer({ host, port }, (path) => this.admin(path));
    this.#roles = new RoleSet({
      roles,
      setup: (role) => ({ role, raw: loaded.raw, dataDirectory: root, env, alone: roles.length === 1 }),
      host: this,
      ...(onDeath === undefined ? {} : { onDeath }),
    });
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    const handler = (method: string, args: readonly unknown[]): Promise<unknown> => this.#answer(method, args);
    this.#control = await holdControlSocket(this.#root, { kind: 'up', handler }, signal);
    try {
      await this.#health?.start();
      this.#address = (await this.#roles.start(signal)) ?? this.#address;
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#ready = true;
    this.#answering = true;
  }

  stop(): Promise<void> {
    this.#stopped ??= (async () => {
      this.#ready = false;
      await this.#roles.stop(async () => this.#control?.drain());
      await this.#health?.stop();
      // Last, because whoever gets the socket next opens the same files.
      await this.#control?.close();
    })();
    return this.#stopped;
  }

  running(): RunningAssay {
    const call = (method: string, ...args: readonly unknown[]): Promise<unknown> => this.#call(method, args);
    return {
      ...this.#address,
      ...(this.#health === undefined ? {} : { healthUrl: this.#health.url() }),
      dataDirectory: this.#root,
      queries: remoteQueries(call),
      status: async () => (await call('status')) as Status,
      async settled(signal) {
        while (!signal.aborted && (await call('idle')) !== true) await systemClock.sleep(SETTLED_POLL_MS, signal);
      },
      stop: () => this.stop(),
    };
  }

  announce(text: string): void {
    this.#options.announce?.(text);
  }

  giveUp(code: ErrorCode, message: string): void {
    this.#options.onDeath?.(new PipelineError(code, message));
  }

  firstTrace(traceId: string): void {
    // Its `why` would have no one to answer it.
    if (this.#roles.has('query')) this.#options.onFirstTrace?.(traceId);
  }

  async admin(path: string): Promise<AdminAnswer | undefined> {
    const contentType = 'text/plain; charset=utf-8';
    switch (path) {
      case '/healthz':
        return { status: 200, contentType, body: 'ok\n' };
      case '/readyz':
        return readiness(await this.#unready(), await this.#notice());
      case '/metrics':
        // So that the free space of the disk is that of now.
        await this.#unready();
        return { status: 200, ...(await metricsPage(await this.#roles.metrics())) };
      default:
        return undefined;
    }
  }

  /** Why no traffic should be sent here; undefined when it may be. */
  async #unready(): Promise<string | undefined> {
    if (!this.#ready) return 'a role is still starting, or stopping';
    return this.#roles.has('receive')
      ? ((await this.#roles.call('receive', 'refusal', [])) as string | undefined)
      : undefined;
  }

  /** What somebody should know although traffic may be sent here. */
  async #notice(): Promise<string | undefined> {
    if (!this.#ready || !this.#roles.has('receive')) return undefined;
    return (await this.#roles.call('receive', 'notice', [])) as string | undefined;
  }

  async #answer(method: string, args: readonly unknown[]): Promise<unknown> {
    if (!this.#answering) throw notReady('is still starting');
    return this.#call(method, args);
  }

  async #call(method: string, args: readonly unknown[]): Promise<unknown> {
    const answer = answerCall(this.#roles, method, args);
    if (answer === undefined) throw (await engineError(this.#options.loaded.config)) ?? notServed(method);
    return answer;
  }
}

function readiness(problem: string | undefined, notice: string | undefined): AdminAnswer {
  const contentType = 'text/plain; charset=utf-8';
  if (problem === undefined)
    return { status: 200, contentType, body: notice === undefined ? 'ready\n' : `ready: ${notice}\n` };
  return { status: 503, contentType, body: `not ready: ${problem}\n` };
}

function notServed(method: string): PipelineError {
  const roles = rolesOf(method).join(', ');
  return new PipelineError(
    'ASSAY_UNREACHABLE',
    `expected an Assay with the roles ${roles} for this, but the one that runs here does without some of them; stop it, or start it with all roles`,
  );
}

/** The queries behind a call that crosses a border. */
export function remoteQueries(call: (method: string, ...args: readonly unknown[]) => Promise<unknown>): AssayQueries {
  return {
    why: async (traceId: string) => (await call('why', traceId)) as Why,
    traces: async (filter: TraceFilter) => (await call('traces', filter)) as readonly TraceRow[],
    report: async (request: ReportRequest = {}) => (await call('report', request)) as Report,
    labelPlan: async (scope: LabelScope) => (await call('labelPlan', scope)) as LabelPlan,
    labelTasks: async (scope: LabelScope, limit: number) =>
      (await call('labelTasks', scope, limit)) as readonly LabelTask[],
    addLabels: async (labels: readonly GivenLabel[], dryRun: boolean) =>
      (await call('addLabels', labels, dryRun)) as AddedLabels,
    labels: async (sinceMs: number) => (await call('labels', sinceMs)) as readonly Label[],
    releaseCells: async () => (await call('releaseCells')) as readonly ReleaseCells[],
    judge: async (traceId: string, request: JudgeRequest) =>
      (await call('judge', traceId, request)) as readonly WhyVerdict[],
    preview: async (traceId: string, request: JudgeRequest) =>
      (await call('preview', traceId, request)) as JudgePreview,
    testRubric: async (name: string, request: JudgeRequest) => (await call('testRubric', name, request)) as RubricTest,
    erase: async (request: EraseRequest) => (await call('erase', request)) as ErasedTraces,
    ...remoteAlarms(call),
    ...remoteAdversarial(call),
    prompts: async (afterTraceId: string, limit: number) =>
      (await call('prompts', afterTraceId, limit)) as readonly PromptRow[],
  };
}

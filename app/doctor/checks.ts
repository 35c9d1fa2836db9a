import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { redactUrl } from '../../core/redact-url.js';
import type { AssayConfig } from '../config.js';
import { findHolder, type Holder } from '../control-socket.js';
import type { LoadedConfig } from '../load-config.js';
import { fail, mebibytes, ok, warn, type Check } from './check.js';
import { checkBus, checkStore, findBus, findStore } from './data.js';
import { checkLetters, findLetters } from './letters.js';
import { checkClock, checkLimits, thisMachine } from './machine.js';
import { checkPorts, isReachable } from './ports.js';
import { checkSpool, findSpool } from './spool.js';
import type { ModelOptions } from '../../models/index.js';

export interface CheckContext {
  readonly loaded: LoadedConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const LEAST_NODE = [20, 11] as const;

/** Looks at what Assay needs on this machine, and at what lies in its directory. Sends nothing to a model. */
export async function runChecks({ loaded, env }: CheckContext): Promise<readonly Check[]> {
  const { config } = loaded;
  const root = resolve(config.dataDirectory);
  const holder = await findHolder(root).catch(() => undefined);
  const store = await engine(config);
  const [bus, spool, schema, ports, models] = await Promise.all([
    config.bus.kafka === undefined ? findBus(root, holder) : { value: undefined },
    findSpool(root, holder),
    store.status === 'ok' ? findStore(loaded, root, env) : { value: undefined },
    checkPorts(config, holder),
    judges(config, env),
  ]);
  // After the others, since it opens the bus where nobody has it open, and makes none.
  const hasBus = config.bus.kafka !== undefined || ('value' in bus && bus.value !== undefined);
  const letters = hasBus ? await findLetters(loaded) : { value: undefined };
  const machine = thisMachine();
  const newestMs = 'value' in bus ? (bus.value?.newestAcceptedAtMs ?? null) : null;
  return [
    nodeVersion(),
    ok('configuration', 'valid, and no key is unknown'),
    checkClock(machine, newestMs),
    ...checkLimits(config, machine),
    dataDirectory(config, holder),
    ...checkBus(bus, config, machine.nowMs),
    ...checkSpool(spool, config, holder),
    ...checkLetters(letters, machine.nowMs),
    store,
    checkStore(schema),
    ...ports,
    ...models,
  ];
}

function nodeVersion(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return {
    name: 'Node.js',
    status: isNew ? 'ok' : 'fail',
    message: isNew
      ? process.version
      : `expected ${LEAST_NODE.join('.')} or newer, got ${process.version}; update Node.js`,
  };
}

function dataDirectory({ dataDirectory: path, bus }: AssayConfig, holder: Holder | undefined): Check {
  const name = 'data directory';
  const root = resolve(path);
  let folder = root;
  while (!existsSync(folder)) folder = dirname(folder);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    return fail(name, `expected to be allowed to write in ${folder}; choose another with --data`);
  }
  const { bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  const free = `${root}: ${mebibytes(freeBytes)} free`;
  const bound = `bus.minFreeBytes (${mebibytes(bus.minFreeBytes)})`;
  if (freeBytes < bus.minFreeBytes) return fail(name, `${free}, less than ${bound}, so spans are refused; make room`);
  if (freeBytes < 2 * bus.minFreeBytes) return warn(name, `${free}; below ${bound} spans are refused, so make room`);
  const use = holder?.kind === 'up' ? `, in use by the Assay with process id ${holder.pid}` : '';
  const state = existsSync(root) ? '' : ', made at the first start';
  return ok(name, `${free}${use}${state}`);
}

async function engine({ store: { clickhouse } }: AssayConfig): Promise<Check> {
  const { url, database, username } = clickhouse;
  const where = `ClickHouse at ${url ?? ''}, database ${database}, user ${username}`;
  const { isEngineInstalled } = await import('../../store/index.js');
  if (url !== undefined)
    return isEngineInstalled()
      ? ok('store', where)
      : warn('store', `${where}; no span is taken in to try, since that takes the engine: npm install chdb`);
  return isEngineInstalled()
    ? { name: 'store', status: 'ok', message: 'the embedded ClickHouse (chdb) is installed' }
    : {
        name: 'store',
        status: 'warn',
        message: 'chdb is not installed, so Assay only receives; for everything else: npm install chdb',
      };
}

/** The judge, and, where one is named, the one that confirms its fails. */
async function judges(config: AssayConfig, env: CheckContext['env']): Promise<readonly Check[]> {
  const { readConfirmOptions, readModelOptions } = await import('../../models/index.js');
  const none = 'no judge model: the checks run alone; set ANTHROPIC_API_KEY or OPENAI_API_KEY, or models.judge';
  const judge = await checkModel('judge', { config, none, read: () => readModelOptions(config.models, env) });
  if (config.models.confirm === undefined) return [judge];
  const nobody = 'nobody confirms fails: there is no judge, or models.confirm.provider is none';
  const read = (): ModelOptions | undefined => readConfirmOptions(config.models, env);
  return [judge, await checkModel('confirm', { config, none: nobody, read })];
}

interface ModelCheck {
  readonly config: AssayConfig;
  /** What it means that there is none. */
  readonly none: string;
  readonly read: () => ModelOptions | undefined;
}

async function checkModel(name: string, { config, none, read }: ModelCheck): Promise<Check> {
  try {
    const options = read();
    if (options === undefined) return { name, status: 'warn', message: none };
    const { price } = options;
    const where = redactUrl(options.baseUrl);
    const what = `${options.provider} ${options.name} at ${where}, $${price.inputUsdPerMillion} in and $${price.outputUsdPerMillion} out per million tokens, at most $${config.judges.dailyBudgetUsd} a day`;
    if (await isReachable(addressOf(options.baseUrl))) return { name, status: 'ok', message: what };
    return { name, status: 'fail', message: `${what}; expected it to be reachable, but nothing answers there` };
  } catch (error) {
    return { name, status: 'fail', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Only a connection is opened: no key is tried and nothing is spent. */
function addressOf(baseUrl: string): { readonly host: string; readonly port: number } {
  const { protocol, hostname, port } = new URL(baseUrl);
  return { host: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

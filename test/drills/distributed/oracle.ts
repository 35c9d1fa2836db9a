import type { Report } from '../../../app/index.js';
import { LEDGER_OUTCOMES } from '../../../core/ledger-outcome.js';
import { openStoreConnection, storeConfig } from '../../../store/index.js';
import { runAssay } from '../../helpers/assay-process.js';
import { evalIdsOf } from '../../helpers/otlp-sink.js';
import { ledgerClaims, spendClaims, verdictClaims, type Claim } from '../../soak/oracle.js';
import { readContent, type StoreContent } from '../../soak/store-content.js';
import type { Findings } from './drill.js';
import { FLEET_ROLES, type FleetRole, type Life, type Member } from './fleet.js';
import { medianMib } from './memory.js';
import { readTopics, type TopicContent } from './topic-content.js';
import type { World } from './world.js';

/** RssAnon that no process of the role may go beyond, in MiB. */
export const BOUND_MIB: Readonly<Record<FleetRole, number>> = {
  receive: 150,
  sample: 320,
  judge: 260,
  write: 320,
  publish: 200,
};

/** A life that is shorter is all warming up: at this load V8 collects the whole heap once in many minutes, and lets it grow until then. */
const GROWTH_LIFE_MS = 900_000;
/** What the middle of the last quarter of a life may be above that of the second. */
const GROWTH = { ratio: 1.15, mib: 24 } as const;

/** Asks everything that must hold after any drill, of processes that still run and have nothing to do. */
export async function examineWorld(world: World, stopped: () => Promise<readonly string[]>): Promise<Examined> {
  const report = await coverageOf(world);
  const badEnds = await stopped();
  const store = await storeContent(world);
  const topics = await readTopics(world);
  const { judge, sink, load } = world;
  const requests = judge.requests;
  const claims = [
    ...spanClaims(world, store, topics),
    ...consumedClaims(store, topics),
    ...questionClaims(store, topics),
    ...ledgerClaims(store, load.sent),
    ...verdictClaims(store, { sent: load.sent, requests, published: new Set(evalIdsOf(sink.requests)) }),
    ...spendClaims(store, { sent: load.sent, requests }),
    report.claim,
    ...processClaims(world.fleet.members, badEnds),
    ...memoryClaims(world.fleet.members),
  ];
  return { claims, ...findings(world, store, report.text) };
}

export interface Examined extends Findings {
  readonly claims: readonly Claim[];
}

export function claim(text: string, wrong: number, figures: string): Claim {
  return { text, holds: wrong === 0, figures: `${figures}; wrong: ${wrong}` };
}

async function storeContent({ store, directory }: World): Promise<StoreContent> {
  const { clickhouse, maxThreads, maxMemoryBytes } = storeConfig.parse({ clickhouse: { url: store.url } });
  const connection = await openStoreConnection({ clickhouse, maxThreads, maxMemoryBytes, dataDirectory: directory });
  try {
    return await readContent(connection);
  } finally {
    await connection.close();
  }
}

function spanClaims({ load }: World, store: StoreContent, topics: TopicContent): readonly Claim[] {
  const acknowledged = [...acknowledgedOf(load)];
  const known = new Set(load.sent.flatMap((each) => each.spans));
  const unanswered = known.size - acknowledged.length;
  const produced = [...topics.spans.keys()];
  const [stored, rows] = [store.rawSpans.size, sum(store.spans.values())];
  return [
    claim(
      'acked ⊆ stored: every acknowledged span is at least once in otel_traces, and exactly once in assay_spans',
      acknowledged.filter((key) => !store.rawSpans.has(key) || store.spans.get(key) !== 1).length,
      `${acknowledged.length} acknowledged, ${stored} in otel_traces, ${rows} rows of assay_spans`,
    ),
    claim(
      'no duplicates in assay_spans',
      rows - store.spans.size,
      `${rows} rows of ${store.spans.size} spans; otel_traces has ${sum(store.rawSpans.values())} rows of ${stored}`,
    ),
    claim(
      'the store holds no span that was not sent',
      [...store.rawSpans.keys()].filter((key) => !known.has(key)).length,
      `${known.size} sent`,
    ),
    claim(
      'received = produced + rejected: what was acknowledged lies on the topic of spans, and nothing else but what had no answer',
      acknowledged.filter((key) => !topics.spans.has(key)).length +
        produced.filter((key) => !known.has(key)).length +
        load.rejected.length,
      `${known.size} sent = ${acknowledged.length} acknowledged + ${unanswered} without an acknowledgement + ${load.rejected.length} requests rejected; ${produced.length} spans in ${sum(topics.spans.values())} copies on the topic`,
    ),
  ];
}

/** Whatever lies on the topics was stored and decided, or is in the dead letters. */
function consumedClaims(store: StoreContent, { spans, unreadable, letters }: TopicContent): readonly Claim[] {
  const decided = new Set(store.ledger.filter(({ outcome }) => outcome !== 'open').map(({ traceId }) => traceId));
  const traces = new Set([...spans.keys()].map((key) => key.slice(0, key.indexOf('/'))));
  const dead = new Set(letters.map(({ id }) => id));
  return [
    claim(
      'consumed = decided + dead-lettered: every trace on the topic of spans has a decision, every record of it that nobody can read a dead letter',
      [...traces].filter((id) => !decided.has(id)).length +
        [...decided].filter((id) => !traces.has(id)).length +
        [...unreadable].filter((id) => !dead.has(id)).length,
      `${traces.size} traces consumed, ${decided.size} decided; ${unreadable.size} records unreadable, ${dead.size} dead letters of any topic`,
    ),
    claim(
      'every span on the topic of spans is stored, and no other',
      [...spans.keys()].filter((key) => !store.rawSpans.has(key)).length +
        [...store.rawSpans.keys()].filter((key) => !spans.has(key)).length,
      `${spans.size} on the topic, ${store.rawSpans.size} stored`,
    ),
  ];
}

/** Criteria are asked of each version of a trace by itself. */
function questionClaims({ verdicts }: StoreContent, { questions }: TopicContent): readonly Claim[] {
  const answered = new Set(
    verdicts.map(({ traceId, version, criterion }) => `${traceId}/${String(version)}/${criterion}`),
  );
  return [
    claim(
      'decided-to-judge = verdicts: each question on the topic of judgements has its verdict, and there is no other',
      [...questions].filter((key) => !answered.has(key)).length +
        [...answered].filter((key) => !questions.has(key)).length,
      `${questions.size} questions, ${answered.size} answered, ${verdicts.length} verdicts`,
    ),
  ];
}

interface CoverageReport {
  readonly claim: Claim;
  readonly text: string;
}

/** What `assay report` says, of a process that writes. */
async function coverageOf({ fleet, load }: World): Promise<CoverageReport> {
  const traces = new Set(load.sent.flatMap(({ spans }) => spans.map((key) => key.slice(0, key.indexOf('/')))));
  const text = 'assay report: the outcomes of the ledger add up to the traces received, none of them open or pending';
  const data = fleet.of('write').find((member) => member.isRunning)?.data ?? '';
  const { stdout, stderr } = await runAssay(['report', '--data', data, '--json']);
  if (stdout === '') return { claim: claim(text, 1, stderr.trim()), text: stderr.trim() };
  const { coverage } = JSON.parse(stdout) as Report;
  const outcomes = LEDGER_OUTCOMES.filter((name) => coverage[name] > 0).map((name) => `${name} ${coverage[name]}`);
  const added = LEDGER_OUTCOMES.reduce((total, name) => total + coverage[name], 0);
  const figures = `received ${coverage.received} = ${outcomes.join(' + ')}`;
  const wrong = Math.abs(coverage.received - added) + coverage.open + coverage.pending;
  return {
    claim: claim(text, wrong + Math.max(0, coverage.received - traces.size), `${figures}; ${traces.size} traces sent`),
    text: figures,
  };
}

/** A crash that nobody caught, in what a process said; what it logs on purpose is JSON, with the stack of its error inside. */
export function crashesIn(output: string): readonly string[] {
  return output
    .split('\n')
    .filter(
      (line) =>
        /unhandled|uncaught/i.test(line) ||
        (!line.startsWith('{') && /^\s+at .+:\d+:\d+\)?$|^\w*Error\b|^FATAL|heap out of memory/.test(line)),
    );
}

function processClaims(members: readonly Member[], badEnds: readonly string[]): readonly Claim[] {
  const lives = members.flatMap((member) => member.lives);
  const deaths = members.flatMap((member) => member.deaths);
  const crashes = lives.flatMap(({ process }) => crashesIn(process.output()));
  const warnings = lives.flatMap(({ process }) => process.output().match(/^\(node:\d+\) \w*Warning: .*$/gm) ?? []);
  return [
    claim(
      'no unhandled rejection, no crash: nothing of the kind in what the processes said',
      crashes.length,
      [`${lives.length} lives of ${members.length} processes`, ...crashes.slice(0, 2), ...warnings.slice(0, 2)].join(
        '; ',
      ),
    ),
    claim(
      'no process ended by itself, and each that was told to stop ended with 0',
      deaths.length + badEnds.length,
      [`${lives.length} lives`, ...deaths.slice(0, 2), ...badEnds.slice(0, 2)].join('; '),
    ),
  ];
}

function memoryClaims(members: readonly Member[]): readonly Claim[] {
  const most = mostMib(members);
  const over = FLEET_ROLES.filter((role) => most[role] > BOUND_MIB[role]);
  const long = members.flatMap(({ name, lives }) => lives.filter(isLong).map((life) => ({ name, life })));
  const grown = long
    .map(({ name, life }) => ({ name, from: medianMib(life.memory, 0.25, 0.5), to: medianMib(life.memory, 0.75, 1) }))
    .filter(({ from, to }) => to > from * GROWTH.ratio + GROWTH.mib);
  const told = FLEET_ROLES.map((role) => `${role} ${most[role]} of ${BOUND_MIB[role]}`).join(', ');
  const bounded = claim(
    'memory is bounded: RssAnon of each process stays under its bound',
    over.length,
    `MiB: ${told}`,
  );
  if (long.length === 0) return [bounded];
  return [
    bounded,
    claim(
      `memory does not grow: of each life of ${GROWTH_LIFE_MS / 1_000} s or more the last quarter is not above the second (by ${GROWTH.mib} MiB and ${Math.round((GROWTH.ratio - 1) * 100)} %)`,
      grown.length,
      [
        `${long.length} lives`,
        ...grown.map(({ name, from, to }) => `${name} ${from.toFixed(0)} to ${to.toFixed(0)} MiB`),
      ].join('; '),
    ),
  ];
}

function isLong({ memory }: Life): boolean {
  return (memory.at(-1)?.atMs ?? 0) - (memory[0]?.atMs ?? 0) >= GROWTH_LIFE_MS;
}

function mostMib(members: readonly Member[]): Findings['mostMib'] {
  const most = (role: FleetRole): number => {
    const samples = members.filter((member) => member.role === role).flatMap(({ lives }) => lives);
    return Math.round(Math.max(0, ...samples.flatMap(({ memory }) => memory.map(({ mib }) => mib))));
  };
  return Object.fromEntries(FLEET_ROLES.map((role) => [role, most(role)])) as Findings['mostMib'];
}

function findings({ load, fleet }: World, store: StoreContent, ledger: string): Findings {
  const known = new Set(load.sent.flatMap((each) => each.spans));
  return {
    spans: { sent: known.size, acknowledged: acknowledgedOf(load).size, stored: store.spans.size },
    duplicates: sum(store.spans.values()) - store.spans.size,
    rawDuplicates: sum(store.rawSpans.values()) - store.rawSpans.size,
    ledger,
    mostMib: mostMib(fleet.members),
  };
}

/** Each once, however often it was sent. */
function acknowledgedOf({ sent }: World['load']): ReadonlySet<string> {
  return new Set(sent.filter((each) => each.acknowledged > 0).flatMap((each) => each.spans));
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

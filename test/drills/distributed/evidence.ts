import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../core/package-root.js';
import type { Claim } from '../../soak/oracle.js';
import { claimTable, markdownTable } from '../../soak/report.js';
import type { DrillResult, Form } from './drill.js';
import { FLEET_ROLES, type Counts } from './fleet.js';
import { DRILLS } from './drills/index.js';

const FOLDER = join(packageRoot(), 'docs', 'evidence');
const GIB = 2 ** 30;

/** One run of one drill, as docs/evidence/drills.jsonl has it. */
export interface Evidence extends Omit<DrillResult, 'claims'> {
  readonly drill: string;
  readonly title: string;
  readonly form: Form;
  readonly date: string;
  readonly commit: string;
  readonly command: string;
  readonly machine: string;
  readonly versions: string;
  readonly processes: Counts;
  readonly spansPerSecond: number;
  readonly tookS: number;
  /** Of the last fifteen minutes when it was over: who else used the machine shows in it. */
  readonly loadAverage?: number;
  readonly claims: readonly Claim[];
}

/** What is the same for all drills of a run. */
export function circumstances(): Pick<Evidence, 'date' | 'commit' | 'machine' | 'versions'> {
  const memory = Math.round(totalmem() / GIB);
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(),
    machine: `${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB`,
    versions: `Assay ${versionOf('.')}, Node ${process.version}, Apache Kafka ${kafkaVersion()} (one broker), kafkajs ${versionOf('node_modules/kafkajs')}, chdb ${versionOf('node_modules/chdb')} behind assay store serve, lmdb ${versionOf('node_modules/lmdb')}`,
  };
}

/** Puts a drill into docs/evidence/drills.jsonl, in place of its last run, and writes docs/evidence/drills.md anew. */
export function writeEvidence(evidence: Evidence): void {
  const path = join(FOLDER, 'drills.jsonl');
  const before = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  const others = before.map((line) => JSON.parse(line) as Evidence).filter(({ drill }) => drill !== evidence.drill);
  const order = DRILLS.map(({ name }) => name);
  const all = [...others, evidence].sort((a, b) => order.indexOf(a.drill) - order.indexOf(b.drill));
  writeFileSync(path, all.map((each) => `${JSON.stringify(each)}\n`).join(''));
  writeFileSync(join(FOLDER, 'drills.md'), render(all));
}

const INTRO = `# Drills

Written by \`npm run test:drills\` itself, from docs/evidence/drills.jsonl, which has one line for the last full run of each drill.

Processes of one role each (\`assay run --role …\`, the built \`dist\`) on a real Apache Kafka broker and on \`assay store serve\`, which is
ClickHouse's HTTP interface over the embedded engine; no ClickHouse server was at hand. A process manager in the drill starts and ends them. Senders send
agent runs of 4 spans in three forms (HTTP JSON, HTTP protobuf with gzip, gRPC) to the receivers in turn, some runs in two requests, and send again what was not acknowledged. The model is
scripted: a local server that speaks the OpenAI protocol, answers every question with pass after 30 ms, and counts. Verdicts are published to a local OTLP receiver.
Senders, scripted model, broker, store and all processes share the machine, and with them whatever else runs there: times are of a busy one.

The oracle asks, after each drill, Kafka's topics, the store, \`assay report\`, /proc and what the processes said; below each drill is what it asked and found.
`;

/** The report of these runs. */
export function render(all: readonly Evidence[]): string {
  const rows = all.map((each) => [
    each.title,
    `${each.date} \`${each.commit}\``,
    `${each.tookS} s`,
    String(each.spans.sent),
    String(each.spans.acknowledged),
    String(each.spans.stored),
    String(each.duplicates),
    each.ledger,
    FLEET_ROLES.map((role) => `${role} ${each.mostMib[role]}`).join(', '),
    outcomeOf(each),
  ]);
  const head = [
    'drill',
    'run',
    'took',
    'spans sent',
    'acknowledged',
    'stored',
    'duplicates in assay_spans',
    'ledger',
    'most RssAnon, MiB',
    'outcome',
  ];
  const table = markdownTable(head, rows);
  return `${[INTRO.trimEnd(), table, ...missing(all), ...all.map(section)].join('\n\n')}\n`;
}

function missing(all: readonly Evidence[]): readonly string[] {
  const titles = DRILLS.filter(({ name }) => !all.some(({ drill }) => drill === name)).map(({ title }) => title);
  return titles.length === 0 ? [] : [`Of these no full run came to its end yet: ${titles.join('; ')}.`];
}

function section(each: Evidence): string {
  const { processes, spansPerSecond, rawDuplicates } = each;
  return [
    `## ${each.title}`,
    [
      `- command: \`${each.command}\`, commit \`${each.commit}\`, ${each.date}`,
      `- ${each.versions}`,
      `- ${each.machine}`,
      ...(each.loadAverage === undefined ? [] : [`- load average when it was over: ${each.loadAverage.toFixed(1)}`]),
      `- processes: ${FLEET_ROLES.map((role) => `${processes[role]} ${role}`).join(', ')}; ${spansPerSecond} spans/s`,
    ].join('\n'),
    `What was done: ${each.did}. It took ${each.tookS} s with start, end and oracle. otel_traces has ${rawDuplicates} rows beyond one a span, which is allowed.`,
    claimTable(each.claims),
  ].join('\n\n');
}

export function outcomeOf({ claims }: Pick<Evidence, 'claims'>): string {
  const broken = claims.filter(({ holds }) => !holds).length;
  return broken === 0 ? 'held' : `**did not hold** (${broken} of ${claims.length})`;
}

function commitOf(): string {
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: packageRoot(), encoding: 'utf8' }).trim();
  try {
    const code = ['app', 'bus', 'collector', 'core', 'dialects', 'judges', 'models', 'publisher', 'sampler', 'store'];
    const isDirty = git('status', '--porcelain', '--', ...code) !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${isDirty ? ' with changes' : ''}`;
  } catch {
    return 'unknown';
  }
}

function kafkaVersion(): string {
  const pom = readFileSync(join(packageRoot(), 'test', 'services', 'kafka', 'pom.xml'), 'utf8');
  return /<artifactId>kafka_[\d.]+<\/artifactId>\s*<version>([^<]+)</.exec(pom)?.[1] ?? 'unknown';
}

function versionOf(folder: string): string {
  const manifest = readFileSync(join(packageRoot(), folder, 'package.json'), 'utf8');
  return String((JSON.parse(manifest) as { readonly version: unknown }).version);
}

import type { AdversarialCase } from '../../core/adversarial-case.js';
import type { AddedCases, CaseResult, RunReport } from '../adversarial/api.js';
import { count, duration, FREE_TEXT, percent, safeLine, table, type Paint } from './format.js';

const ID_LENGTH = 8;

/** A line a case, the oldest first. */
export function renderCases(cases: readonly AdversarialCase[], paint: Paint): string {
  if (cases.length === 0) return 'No cases. assay adversarial add adds one.';
  const header = ['id', 'origin', 'added', 'by', 'judged by', 'asks'].map((name) => paint.dim(name));
  const rows = cases.map((one) => [
    one.caseId.slice(0, ID_LENGTH),
    one.traceId === '' ? one.origin : `${one.origin} ${safeLine(one.traceId, ID_LENGTH)}`,
    new Date(one.addedAtMs).toISOString().slice(0, 10),
    safeLine(one.addedBy, 20),
    judgedBy(one),
    one.input === '' ? paint.yellow('unknown: its trace is gone') : safeLine(one.input, FREE_TEXT),
  ]);
  return [table([header, ...rows]), paint.dim(`${count(cases.length)} cases`)].join('\n');
}

/** What was added. */
export function renderAdded({ caseIds, known }: AddedCases): string {
  const added = caseIds.length - known;
  const ids = caseIds.length === 1 ? ` ${caseIds[0]?.slice(0, ID_LENGTH) ?? ''}` : '';
  return `added ${count(added)}${ids}${known === 0 ? '' : `; ${count(known)} were in the set already`}`;
}

/** How a run came out, and each case that did not pass. */
export function renderRun(report: RunReport, paint: Paint): string {
  const { passed, failed, unanswered, unjudged, cases } = report;
  const others = cases.filter(({ outcome }) => outcome !== 'pass');
  const rows = others.map((one) => [
    one.caseId.slice(0, ID_LENGTH),
    outcomeOf(one, paint),
    duration(one.latencyMs),
    safeLine(one.reason, FREE_TEXT),
  ]);
  return [
    ...(rows.length === 0 ? [] : [table(rows), '']),
    `${count(passed)} passed, ${count(failed)} failed, ${count(unanswered)} unanswered, ${count(unjudged)} could not be judged`,
    stateOf(report, paint),
  ].join('\n');
}

function judgedBy({ contains, lacks, matches, criterion }: AdversarialCase): string {
  const expected = [
    ...(contains === '' ? [] : [`contains ${safeLine(contains, 30)}`]),
    ...(lacks === '' ? [] : [`lacks ${safeLine(lacks, 30)}`]),
    ...(matches === '' ? [] : [`matches ${safeLine(matches, 30)}`]),
  ];
  if (expected.length > 0) return expected.join(', ');
  return criterion === '' ? 'nothing' : safeLine(criterion, 30);
}

function outcomeOf({ outcome }: CaseResult, paint: Paint): string {
  return outcome === 'fail' ? paint.red(outcome) : paint.yellow(outcome);
}

function stateOf(report: RunReport, paint: Paint): string {
  const { state, floor, lowerBound, evidence, passesNeeded, unreachable, endpoint } = report;
  if (unreachable) return `${paint.red('out of reach')}: nothing at ${safeLine(endpoint)} answered`;
  const bound = `95 % lower bound ${percent(lowerBound)}`;
  if (state === 'held') return `${paint.green('held')}: at least ${percent(floor)} pass (${bound})`;
  if (state === 'broken')
    return `${paint.red('broken')}: fewer than ${percent(floor)} pass (evidence ${evidence.toPrecision(3)}, 20 is enough)`;
  const needed = passesNeeded === null ? '' : `; held after ${count(passesNeeded)} more passes without a failure`;
  return `${paint.yellow('not enough evidence')}: neither ${percent(floor)} nor less is shown (${bound})${needed}`;
}

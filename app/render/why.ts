import type { Why, WhyDecision, WhyStep, WhyVerdict } from '../api.js';
import { dollars, duration, hang, nameOr, safeLine, type Paint } from './format.js';

/** Steps that are shown to people; of more, those in the middle are left out. An even number. */
const MOST_STEPS = 60;

/** The whole story of one trace, for people. */
export function renderWhy(why: Why, paint: Paint): string {
  return [
    ...headline(why, paint),
    ...request(why, paint),
    ...steps(why, paint),
    ...findings(why, paint),
    ...decision(why, paint),
    ...verdicts(why, paint),
    ...feedback(why, paint),
  ].join('\n');
}

/** What the trace did, and nothing of what was found in it or said of it: for who is to judge for themselves. */
export function renderStory(why: Why, paint: Paint): string {
  const title = `${paint.bold(why.traceId)}  ${nameOr(why.service, 40)} ${nameOr(why.release, 30)}`;
  return [title, ...request(why, paint), ...steps(why, paint)].join('\n');
}

function headline(why: Why, paint: Paint): string[] {
  const { trajectory, decision: made } = why;
  const agent = [trajectory.provider, trajectory.model].filter((part) => part !== null).join(' ');
  const facts = [
    why.version > 1 ? `version ${why.version}` : '',
    made !== null && !why.complete ? 'incomplete' : '',
    `${trajectory.spanCount} spans in ${duration(trajectory.durationMs)}`,
    trajectory.dialects.join(' + '),
    safeLine(agent),
    trajectory.tokens === null ? '' : `${trajectory.tokens.input} tokens in, ${trajectory.tokens.output} out`,
    trajectory.sessionId === null ? '' : `session ${safeLine(trajectory.sessionId)}`,
    trajectory.userId === null ? '' : `user ${safeLine(trajectory.userId)}`,
  ].filter((part) => part !== '');
  return [
    `${paint.bold(why.traceId)}  ${nameOr(why.service, 40)} ${nameOr(why.release, 30)}  ${verdictWord(why, paint)}`,
    paint.dim(hang('', facts.join(' · '), paint.columns)),
  ];
}

function verdictWord(why: Why, paint: Paint): string {
  const rated = why.verdicts.filter((verdict) => !verdict.audit);
  const failed =
    why.decision?.settled.some((item) => item.outcome === 'fail') === true ||
    rated.some((verdict) => verdict.outcome === 'fail');
  if (failed) return paint.red(`failed (${words(why.outcome)})`);
  if (why.outcome === 'judged' || why.outcome === 'from_cache' || why.outcome === 'settled')
    return paint.green(`passed (${words(why.outcome)})`);
  return paint.yellow(words(why.outcome));
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function request(why: Why, paint: Paint): string[] {
  const { input, output, error, contentSwitch } = why.trajectory;
  const lines: string[] = [];
  if (input !== null) lines.push(hang('  asked     ', safeLine(input, 500), paint.columns));
  if (output !== null) lines.push(hang('  answered  ', safeLine(output, 500), paint.columns));
  if (error !== null) lines.push(hang(`  ${paint.red('error')}     `, safeLine(error, 500), paint.columns));
  if (contentSwitch !== null)
    lines.push(hang(`  ${paint.yellow('no text')}   `, `no span holds message text; ${contentSwitch}`, paint.columns));
  return lines.length === 0 ? [] : ['', ...lines];
}

function steps(why: Why, paint: Paint): string[] {
  const { steps: all } = why.trajectory;
  if (all.length === 0) return [];
  const shown = (from: number, to: number): string[] =>
    all.slice(from, to).flatMap((step, at) => stepLines(step, from + at + 1, paint));
  const title = ['', paint.bold('Steps')];
  if (all.length <= MOST_STEPS) return [...title, ...shown(0, all.length)];
  const left = all.length - MOST_STEPS;
  const note = paint.dim(`  … ${left} steps left out; --json has them all`);
  return [...title, ...shown(0, MOST_STEPS / 2), note, ...shown(all.length - MOST_STEPS / 2, all.length)];
}

function stepLines(step: WhyStep, number: number, paint: Paint): string[] {
  const mark = step.error === null ? ' ' : paint.red('✗');
  const lines = [
    `${mark} ${String(number).padStart(2)} ${step.kind.padEnd(9)} ${safeLine(step.name, 60)} ${paint.dim(duration(step.durationMs))}`,
  ];
  if (step.kind !== 'model' && step.arguments !== null)
    lines.push(hang(`       ${paint.dim('in ')} `, safeLine(step.arguments), paint.columns));
  if (step.result !== null && step.result !== '')
    lines.push(hang(`       ${paint.dim('out')} `, safeLine(step.result), paint.columns));
  if (step.error !== null) lines.push(paint.red(hang('       ', safeLine(step.error), paint.columns)));
  return lines;
}

function findings(why: Why, paint: Paint): string[] {
  if (why.decision === null) return [];
  const lines = why.findings.map((finding) => {
    const mark =
      finding.severity === 'settles' ? paint.red('✗') : finding.severity === 'suspicious' ? paint.yellow('!') : '·';
    const told = `${finding.check} (${finding.severity})  ${safeLine(finding.message, 300)}`;
    return hang(`  ${mark} `, told, paint.columns);
  });
  return ['', paint.bold('Checks'), ...(lines.length > 0 ? lines : ['  nothing found'])];
}

function decision(why: Why, paint: Paint): string[] {
  const made = why.decision;
  if (made === null) return ['', paint.bold('Decision'), '  none yet: the trace is still open'];
  const told = `${safeLine(made.completeness)}, ${duration(made.wholeAfterMs)} after the first span`;
  return [
    '',
    paint.bold('Decision'),
    hang('  ', safeLine(made.reason, 400), paint.columns),
    hang(why.complete ? '  whole     ' : `  ${paint.yellow('incomplete')}  `, told, paint.columns),
    hang('  ', numbers(made), paint.columns),
  ];
}

function numbers(made: WhyDecision): string {
  return [
    `stratum ${made.stratum}`,
    `suspicion ${made.suspicion.toFixed(2)}`,
    `π ${made.pi}`,
    `g ${made.g}`,
    `policy ${made.policyVersion}`,
    `decided ${made.decidedAt}`,
  ].join(' · ');
}

function verdicts(why: Why, paint: Paint): string[] {
  const title = ['', paint.bold('Verdicts')];
  if (why.verdicts.length > 0) return [...title, ...why.verdicts.flatMap((verdict) => verdictLines(verdict, paint))];
  return why.outcome === 'pending' ? [...title, `  waiting for a judge${since(why.decision, paint.nowMs)}`] : [];
}

function since(made: WhyDecision | null, nowMs: number): string {
  if (made === null) return '';
  const waitedMs = Math.max(0, nowMs - Date.parse(made.decidedAt));
  return ` since ${made.decidedAt.slice(0, 19).replace('T', ' ')} UTC (${duration(waitedMs)})`;
}

/** One verdict with its votes and quotes. */
export function verdictLines(verdict: WhyVerdict, paint: Paint): string[] {
  const colour = verdict.outcome === 'pass' ? paint.green : verdict.outcome === 'fail' ? paint.red : paint.yellow;
  const head = [
    `${verdict.criterion} ${verdict.rubricVersion}${inNoRate(verdict)}`,
    agreement(verdict),
    verdict.model === '' ? '' : `${verdict.provider} ${verdict.model}`,
    dollars(verdict.costUsd),
    verdict.disputed ? 'disputed' : '',
    verdict.fromCache ? 'from cache' : '',
    verdict.cacheAudit === null ? '' : `audit of the cache: ${verdict.cacheAudit}`,
  ].filter((part) => part !== '');
  const lines = [hang(`  ${colour(words(verdict.outcome))}  `, head.join(' · '), paint.columns)];
  if (verdict.reason !== '') lines.push(paint.yellow(hang('    ', safeLine(verdict.reason, 400), paint.columns)));
  const hasSecond = verdict.votes.some(({ confirms }) => confirms);
  verdict.votes.forEach((vote, at) => {
    const said = vote.reason === null || vote.reason === '' ? vote.explanation : vote.reason;
    const who = hasSecond ? `${safeLine(vote.model, 60)}: ` : '';
    const head = `    ${vote.confirms ? 'second' : `vote ${at + 1}`}  ${vote.outcome} ${vote.confidence.toFixed(2)}  `;
    lines.push(hang(head, `${who}${safeLine(said, 300)}`, paint.columns));
  });
  for (const quote of verdict.quotes)
    lines.push(hang(`    ${paint.dim('quote')}   `, `“${safeLine(quote)}”`, paint.columns));
  return lines;
}

function inNoRate({ audit, byHand }: WhyVerdict): string {
  if (byHand) return ' (asked for by hand, in no rate)';
  return audit ? ' (audit, in no rate)' : '';
}

function feedback(why: Why, paint: Paint): string[] {
  if (why.feedback.length === 0) return [];
  const lines = why.feedback.map(({ name, score, label, explanation, source }) => {
    const said = [label, score === null ? null : String(score), explanation].filter((part) => part !== null);
    return hang('  ', `${safeLine(name, 60)}  ${safeLine(said.join(' · '), 300)}  (${source})`, paint.columns);
  });
  return ['', paint.bold('Feedback') + paint.dim('  as it was sent, no verdict of Assay'), ...lines];
}

/** `2 of 2 votes agree`: what the confidence of a verdict is. */
function agreement({ votes: cast, outcome }: WhyVerdict): string {
  // A second judge that gave no answer leaves the first one's votes as they are.
  const votes = cast.filter((vote) => !(vote.confirms && vote.outcome === 'error'));
  if (votes.length === 0) return '';
  const agreeing = votes.filter((vote) => vote.outcome === outcome).length;
  if (votes.length === 1 || agreeing === 0) return `${votes.length} ${votes.length === 1 ? 'vote' : 'votes'}`;
  return `${agreeing} of ${votes.length} votes agree`;
}

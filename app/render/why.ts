import type { Why, WhyDecision, WhyStep, WhyVerdict } from '../api.js';
import { dollars, duration, safeLine, type Paint } from './format.js';

/** The whole story of one trace, for people. */
export function renderWhy(why: Why, paint: Paint): string {
  return [
    ...headline(why, paint),
    ...request(why, paint),
    ...steps(why, paint),
    ...findings(why, paint),
    ...decision(why, paint),
    ...verdicts(why, paint),
  ].join('\n');
}

function headline(why: Why, paint: Paint): string[] {
  const { trajectory } = why;
  const agent = [trajectory.provider, trajectory.model].filter((part) => part !== undefined).join(' ');
  return [
    `${paint.bold(why.traceId)}  ${safeLine(why.service)} ${safeLine(why.release)}  ${verdictWord(why, paint)}`,
    paint.dim(
      [
        `${trajectory.spanCount} spans in ${duration(trajectory.durationMs)}`,
        trajectory.dialects.join(' + '),
        safeLine(agent),
        trajectory.tokens === undefined ? '' : `${trajectory.tokens.input} tokens in, ${trajectory.tokens.output} out`,
        trajectory.sessionId === undefined ? '' : `session ${safeLine(trajectory.sessionId)}`,
        trajectory.userId === undefined ? '' : `user ${safeLine(trajectory.userId)}`,
      ]
        .filter((part) => part !== '')
        .join(' · '),
    ),
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
  const { input, output, error } = why.trajectory;
  const lines: string[] = [];
  if (input !== undefined) lines.push(`  asked     ${safeLine(input, 500)}`);
  if (output !== undefined) lines.push(`  answered  ${safeLine(output, 500)}`);
  if (error !== undefined) lines.push(`  ${paint.red('error')}     ${safeLine(error, 500)}`);
  return lines.length === 0 ? [] : ['', ...lines];
}

function steps(why: Why, paint: Paint): string[] {
  if (why.trajectory.steps.length === 0) return [];
  const lines = why.trajectory.steps.flatMap((step, at) => stepLines(step, at + 1, paint));
  return ['', paint.bold('Steps'), ...lines];
}

function stepLines(step: WhyStep, number: number, paint: Paint): string[] {
  const mark = step.error === undefined ? ' ' : paint.red('✗');
  const lines = [
    `${mark} ${String(number).padStart(2)} ${step.kind.padEnd(9)} ${safeLine(step.name, 60)} ${paint.dim(duration(step.durationMs))}`,
  ];
  if (step.kind !== 'model' && step.arguments !== undefined)
    lines.push(`       ${paint.dim('in ')} ${safeLine(step.arguments)}`);
  if (step.result !== undefined && step.result !== '')
    lines.push(`       ${paint.dim('out')} ${safeLine(step.result)}`);
  if (step.error !== undefined) lines.push(`       ${paint.red(safeLine(step.error))}`);
  return lines;
}

function findings(why: Why, paint: Paint): string[] {
  if (why.decision === undefined) return [];
  const lines = why.findings.map((finding) => {
    const mark =
      finding.severity === 'settles' ? paint.red('✗') : finding.severity === 'suspicious' ? paint.yellow('!') : '·';
    return `  ${mark} ${finding.check} (${finding.severity})  ${safeLine(finding.message, 300)}`;
  });
  return ['', paint.bold('Checks'), ...(lines.length > 0 ? lines : ['  nothing found'])];
}

function decision(why: Why, paint: Paint): string[] {
  const made = why.decision;
  if (made === undefined) return ['', paint.bold('Decision'), '  none yet: the trace is still open'];
  return [
    '',
    paint.bold('Decision'),
    `  ${safeLine(made.reason, 400)}`,
    `  whole     ${safeLine(made.completeness)}, ${duration(made.wholeAfterMs)} after the first span`,
    `  ${numbers(made)}`,
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
  if (why.verdicts.length === 0)
    return why.outcome === 'pending' ? ['', paint.bold('Verdicts'), '  waiting for a judge'] : [];
  return ['', paint.bold('Verdicts'), ...why.verdicts.flatMap((verdict) => verdictLines(verdict, paint))];
}

function verdictLines(verdict: WhyVerdict, paint: Paint): string[] {
  const colour = verdict.outcome === 'pass' ? paint.green : verdict.outcome === 'fail' ? paint.red : paint.yellow;
  const head = [
    `  ${colour(words(verdict.outcome))}  ${verdict.criterion} ${verdict.rubricVersion}${verdict.audit ? ' (audit, in no rate)' : ''}`,
    verdict.votes.length === 0 ? '' : `${verdict.votes.length} ${verdict.votes.length === 1 ? 'vote' : 'votes'}`,
    verdict.model === '' ? '' : `${verdict.provider} ${verdict.model}`,
    dollars(verdict.costUsd),
    verdict.fromCache ? 'from cache' : '',
  ].filter((part) => part !== '');
  const lines = [head.join(' · ')];
  if (verdict.reason !== '') lines.push(`    ${paint.yellow(safeLine(verdict.reason, 400))}`);
  verdict.votes.forEach((vote, at) => {
    const said = vote.reason === undefined || vote.reason === '' ? vote.explanation : vote.reason;
    lines.push(`    vote ${at + 1}  ${vote.outcome} ${vote.confidence.toFixed(2)}  ${safeLine(said, 300)}`);
  });
  for (const quote of verdict.quotes) lines.push(`    ${paint.dim('quote')}   “${safeLine(quote)}”`);
  return lines;
}

import type { JudgePreview, PreviewedPrompt, RubricTest, WhyVerdict } from '../api.js';
import { dollars, hang, safeLine, safeText, table, type Paint } from './format.js';
import { verdictLines } from './why.js';

/** What judging would send, for people: the prompts whole, then what they cost. */
export function renderPreview(preview: JudgePreview, paint: Paint): string {
  const { prompts, model } = preview;
  if (prompts.length === 0) return 'No criterion applies to this trace; name one with --rubric.';
  const who = model === null ? 'no judge model' : `${model.provider} ${model.name}, price: ${model.price}`;
  return [
    ...prompts.flatMap((prompt) => promptLines(prompt, paint)),
    paint.bold(`Nothing was sent.`) + ` ${who}${second(preview)}`,
    ...prompts.map((prompt) => hang('  ', cost(prompt), paint.columns)),
    ...(model === null ? ['  Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or models.judge, to see the cost.'] : []),
  ].join('\n');
}

function promptLines({ criterion, rubricVersion, applies, system, user }: PreviewedPrompt, paint: Paint): string[] {
  const note = applies ? '' : paint.yellow('  (does not apply to this trace: it is judged by hand only)');
  return [
    `${paint.bold(`${criterion} ${rubricVersion}`)}${note}`,
    paint.dim('── system ──'),
    safeText(system),
    paint.dim('── user ──'),
    safeText(user),
    '',
  ];
}

function second({ confirm }: JudgePreview): string {
  return confirm === null
    ? ''
    : `; a fail is confirmed by ${confirm.provider} ${confirm.name}, price: ${confirm.price}`;
}

function cost(prompt: PreviewedPrompt): string {
  const { criterion, inputTokens, maxOutputTokens, votes, costUsd, worstCaseUsd, confirm } = prompt;
  const calls = `${votes === 1 ? 'one call' : `up to ${votes} calls`} of about ${inputTokens} tokens in and at most ${maxOutputTokens} out`;
  if (costUsd === null || worstCaseUsd === null) return `${criterion}: ${calls}`;
  const own = `${criterion}: ${calls}, at most ${dollars(costUsd)} each at list price; the budget sets ${dollars(worstCaseUsd)} aside for each until it is answered`;
  if (confirm === null) return own;
  return `${own}; to confirm a fail takes one more, at most ${dollars(confirm.costUsd)}, with ${dollars(confirm.worstCaseUsd)} set aside`;
}

/** Verdicts that were asked for by hand. */
export function renderVerdicts(verdicts: readonly WhyVerdict[], paint: Paint): string {
  if (verdicts.length === 0) return 'No criterion applies to this trace; name one with --rubric.';
  return verdicts.flatMap((verdict) => verdictLines(verdict, paint)).join('\n');
}

/** How a rubric did on its own examples. */
export function renderRubricTest(test: RubricTest, paint: Paint): string {
  const { results, right, wrong, errors } = test;
  const rows = results.map(({ example, expected, got }) => [
    expected === got ? paint.green('✓') : paint.red('✗'),
    safeLine(example, 60),
    `expected ${expected}`,
    `got ${got}`,
  ]);
  const reasons = results
    .filter(({ expected, got }) => expected !== got)
    .map(({ example, reason }) => hang(`  ${safeLine(example, 60)}: `, safeLine(reason, 600), paint.columns));
  const judge = test.model === '' ? 'no judge answered' : `${test.provider} ${test.model}`;
  const parts = [
    `${right} of ${results.length} right`,
    ...(wrong > 0 ? [`${wrong} wrong`] : []),
    ...(errors > 0 ? [`${errors} without an answer`] : []),
  ];
  const verdict =
    wrong > 0
      ? 'The judge does not do what the examples say: mend the prompt, or the examples.'
      : errors > 0
        ? 'Not every example was answered, so nothing is known of those.'
        : 'The judge does what the examples say.';
  return [
    `${paint.bold(`${test.rubric} ${test.version}`)} · ${judge}`,
    table(rows),
    ...reasons,
    `${parts.join(', ')}; ${dollars(test.costUsd)}. ${verdict}`,
  ].join('\n');
}

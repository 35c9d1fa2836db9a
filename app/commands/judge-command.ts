import type { Command } from 'commander';
import type { JudgeRequest, WhyVerdict } from '../api.js';
import { renderPreview, renderVerdicts } from '../render/judging.js';
import { EXIT } from './exit-codes.js';
import {
  printQuery,
  rubricsFolder,
  traceIdPrefix,
  withConfigOptions,
  type CommonOptions,
  type Terminal,
} from './shared.js';

interface JudgeOptions extends CommonOptions {
  readonly rubric?: string;
  readonly dryRun?: boolean;
  readonly fresh?: boolean;
}

/** `assay judge`: one trace, now. */
export function addJudge(program: Command, terminal: Terminal): void {
  withConfigOptions(
    program
      .command('judge')
      .description('Judge one stored trace now, or show what that would send and cost. Enters no rate.'),
  )
    .argument('<trace-id>', '32 hex digits, the first 8 or more, or last', traceIdPrefix)
    .option('--rubric <name>', 'this rubric (default: all that apply to the trace)')
    .option('--dry-run', 'show the exact prompt and its cost; nothing is sent')
    .option('--fresh', 'ask the model even where the cache knows the answer')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay judge 3efa4c1c --dry-run\n  assay judge 3efa4c1c --rubric tool-arguments\n  assay judge 3efa4c1c --rubric refunds --fresh --json' +
        '\n\nExit codes: 0 all passed, 1 a criterion failed or the judge abstained, 3 no answer could be had.',
    )
    .action(async (traceId: string, options: JudgeOptions) => {
      const request = toRequest(options, terminal);
      if (options.dryRun === true) {
        await printQuery(options, terminal, {
          ask: (queries) => queries.preview(traceId, request),
          render: renderPreview,
        });
        return;
      }
      const verdicts = await printQuery(options, terminal, {
        ask: (queries) => queries.judge(traceId, request),
        render: renderVerdicts,
      });
      process.exitCode = exitOf(verdicts);
    });
}

function toRequest({ rubric, fresh, ...options }: JudgeOptions, terminal: Terminal): JudgeRequest {
  return {
    rubricsDirectory: rubricsFolder(options, terminal),
    ...(rubric === undefined ? {} : { rubric }),
    ...(fresh === true ? { fresh } : {}),
  };
}

function exitOf(verdicts: readonly WhyVerdict[]): number {
  const outcomes = new Set(verdicts.map(({ outcome }) => outcome));
  if (outcomes.has('fail') || outcomes.has('abstain')) return EXIT.notHeld;
  return outcomes.has('error') || outcomes.has('shed_budget') ? EXIT.unreachable : EXIT.held;
}

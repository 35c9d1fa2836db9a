import type { Clock } from '../core/clock.js';
import type { Judgement } from '../core/evidence.js';
import {
  findRubric,
  loadRubrics,
  testRubric,
  toTracelessJudgement,
  type JudgeRole,
  type Rubric,
} from '../judges/index.js';
import type { AnswerToJudge } from './adversarial/api.js';
import type { JudgeRequest, RubricTest, WhyVerdict } from './api.js';
import type { AssayConfig } from './config.js';
import { toWhyVerdict } from './explain.js';
import type { RpcHandlers } from './rpc.js';

export interface JudgeCallsDeps {
  readonly judge: JudgeRole;
  readonly config: AssayConfig;
  readonly clock: Clock;
}

/** The calls that the judge role answers: judging by hand. Rubrics are read at each call, so that an edit counts at once. */
export function judgeCalls({ judge, config, clock }: JudgeCallsDeps): RpcHandlers {
  return {
    async judge(judgement: Judgement, request: JudgeRequest): Promise<readonly WhyVerdict[]> {
      const verdicts: WhyVerdict[] = [];
      for (const rubric of chooseRubrics(config, request, judgement.criteria)) {
        const verdict = await judge.judgeNow({ judgement, rubric, fresh: request.fresh === true });
        verdicts.push(toWhyVerdict(verdict));
      }
      return verdicts;
    },
    async judgeAnswer({ criterion, input, output }: AnswerToJudge, request: JudgeRequest): Promise<WhyVerdict> {
      const rubric = findRubric(directoryOf(config, request), criterion);
      const sections = [
        { title: 'user request', text: input },
        { title: 'final answer', text: output },
      ];
      const judgement = toTracelessJudgement({ sections, truncated: false }, rubric.criterion, clock.nowMs());
      return toWhyVerdict(await judge.judgeNow({ judgement, rubric, fresh: request.fresh === true }));
    },
    async testRubric(name: string, request: JudgeRequest): Promise<RubricTest> {
      const rubric = findRubric(directoryOf(config, request), name);
      let answeredBy = { provider: '', model: '' };
      const outcome = await testRubric(rubric, async (evidence, shown) => {
        const judgement = toTracelessJudgement(evidence, rubric.criterion, clock.nowMs());
        const verdict = await judge.judgeNow({ judgement, rubric: shown, fresh: true });
        if (verdict.model !== '') answeredBy = { provider: verdict.provider, model: verdict.model };
        return verdict;
      });
      const { results, right, wrong, errors, costMicroUsd } = outcome;
      return {
        ...{ rubric: rubric.criterion, version: rubric.version, ...answeredBy, right, wrong, errors },
        results: results.map(({ costMicroUsd: cost, ...result }) => ({ ...result, costUsd: cost / 1e6 })),
        costUsd: costMicroUsd / 1e6,
      };
    },
  };
}

/**
 * The rubric that was named, else those of these criteria.
 * @throws {PipelineError} RUBRIC_INVALID when there is none of that name
 */
export function chooseRubrics(
  config: AssayConfig,
  request: JudgeRequest,
  criteria: readonly string[],
): readonly Rubric[] {
  const rubricsDirectory = directoryOf(config, request);
  // A rubric that is asked for by name need not be one that the flow uses.
  if (request.rubric !== undefined) return [findRubric(rubricsDirectory, request.rubric)];
  const rubrics = loadRubrics({ rubricsDirectory, criteria: config.judges.criteria });
  return rubrics.filter(({ criterion }) => criteria.includes(criterion));
}

/** The caller's own folder goes before that of the settings: they may have been read in another working directory. */
function directoryOf(config: AssayConfig, { rubricsDirectory }: JudgeRequest): string {
  return rubricsDirectory ?? config.judges.rubricsDirectory;
}

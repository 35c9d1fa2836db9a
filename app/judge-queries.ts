import { PipelineError } from '../core/errors.js';
import type { Judgement } from '../core/evidence.js';
import type { Model, ModelPrice } from '../core/model.js';
import { isOwnSpan } from '../core/own-spans.js';
import { confirmsFailsOf, previewCall, renderEvidence, type CallPreview } from '../judges/index.js';
import type { JudgePreview, JudgeRequest, PreviewedModel, PreviewedPrompt } from './api.js';
import { chooseRubrics } from './judge-calls.js';
import type { QueryDeps } from './query-deps.js';
import { readTrace, traceKeyOf } from './read-trace.js';

/**
 * A stored trace as a judge is given it.
 * @throws {PipelineError} TRACE_UNKNOWN; ASSAY_NOT_READY while it is open
 */
export async function judgementOf(deps: QueryDeps, given: string): Promise<Judgement> {
  const { reader, config } = deps;
  const key = await traceKeyOf(deps, given);
  const decision = await reader.decisionOf(key.tenant, key.traceId);
  if (decision === undefined) {
    throw new PipelineError(
      'ASSAY_NOT_READY',
      `expected a trace that is whole, but spans of ${key.traceId} are still waited for; try again in a moment`,
    );
  }
  const { trajectory, spans } = await readTrace(reader, key);
  const criteria = chooseRubrics(config, {}, [...decision.criteria]).map(({ criterion }) => criterion);
  const { evidence } = renderEvidence(trajectory, config.judges);
  return { decision, criteria, evidence, own: spans.some(isOwnSpan) };
}

/** What `judge` would send. Nothing is sent: the model is only asked for its price. */
export async function previewJudging(deps: QueryDeps, given: string, request: JudgeRequest): Promise<JudgePreview> {
  const { reader, config } = deps;
  const key = await traceKeyOf(deps, given);
  const { trajectory } = await readTrace(reader, key);
  const { evidence } = renderEvidence(trajectory, config.judges);
  const model = await deps.model();
  const decision = await reader.decisionOf(key.tenant, key.traceId);
  const confirm = decision && confirmsFailsOf(decision.stratum, config.judges) ? await deps.confirm() : undefined;
  const all = chooseRubrics(config, request, decision?.criteria ?? []);
  const prompts = all.map((rubric): PreviewedPrompt => {
    const call = previewCall(config.judges, { rubric, evidence, model: model ?? unpriced(config) });
    const { system, user, inputTokens, maxOutputTokens, votes, worstCaseMicroUsd } = call;
    return {
      ...{ criterion: rubric.criterion, rubricVersion: rubric.version, applies: rubric.rule.applies(trajectory) },
      ...{ system, user, inputTokens, maxOutputTokens, votes },
      costUsd: model === undefined ? null : listPriceUsd(model.price, call),
      worstCaseUsd: model === undefined ? null : worstCaseMicroUsd / 1e6,
      confirm:
        confirm === undefined
          ? null
          : costOf(confirm, previewCall(config.judges, { rubric, evidence, model: confirm })),
    };
  });
  return { traceId: key.traceId, model: toPreviewed(model), confirm: toPreviewed(confirm), prompts };
}

function toPreviewed(model: Model | undefined): PreviewedModel | null {
  return model === undefined ? null : { provider: model.provider, name: model.name, price: model.price.version };
}

function costOf({ price }: Model, call: CallPreview): NonNullable<PreviewedPrompt['confirm']> {
  return { costUsd: listPriceUsd(price, call), worstCaseUsd: call.worstCaseMicroUsd / 1e6 };
}

/** What a call is sent with where no model is configured. */
function unpriced({ models }: QueryDeps['config']): Pick<Model, 'price' | 'parameters'> {
  const price = { inputUsdPerMillion: 0, outputUsdPerMillion: 0, version: '' };
  return { price, parameters: { maxOutputTokens: models.judge.maxOutputTokens } };
}

/** For the tokens as estimated, and the longest reply. */
function listPriceUsd(price: ModelPrice, call: { inputTokens: number; maxOutputTokens: number }): number {
  const { inputUsdPerMillion, outputUsdPerMillion } = price;
  return (call.inputTokens * inputUsdPerMillion + call.maxOutputTokens * outputUsdPerMillion) / 1e6;
}

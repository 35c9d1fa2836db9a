import { contentHash } from '../core/keyed-hash.js';
import type { Stratum } from '../core/decision.js';
import type { ModelParameters } from '../core/model.js';
import type { Rubric } from './rubric.js';

/** Changes when the frame around the rubric, the rendering of evidence or the rules of voting change their meaning. */
const INSTRUMENT_VERSION = '1';

/** What makes one judge another measuring instrument than the next. */
export interface Instrument {
  readonly rubric: Rubric;
  /** Most votes. */
  readonly votes: number;
  readonly repairAttempts: number;
  /** Most that a judge is shown: one that sees less of a trace measures something else. */
  readonly evidenceTokens: number;
  /** Absent when no model is configured. */
  readonly parameters?: ModelParameters;
  /** Models that may answer, as `provider/name`. */
  readonly models: readonly string[];
  /** Who confirms fails, as `provider/name`, and of which traces. Absent when nobody does. */
  readonly confirm?: {
    readonly model: string;
    readonly parameters: ModelParameters;
    readonly strata: readonly Stratum[];
  };
}

/** Identifies a judge: verdicts of two hashes are measurements of two instruments and are never mixed. */
export function judgeHash(instrument: Instrument): string {
  const { rubric, votes, repairAttempts, evidenceTokens, parameters, models, confirm } = instrument;
  return contentHash(
    INSTRUMENT_VERSION,
    rubric.hash,
    `votes ${votes}, repairs ${repairAttempts}, evidence ${evidenceTokens}`,
    describeParameters(parameters),
    ...[...models].sort(),
    // Nothing is added without it: what was judged before there was such a rung stays what it was.
    ...(confirm === undefined ? [] : describeConfirm(confirm)),
  );
}

function describeParameters(parameters: ModelParameters | undefined): string {
  return `temperature ${parameters?.temperature ?? 'none'}, output ${parameters?.maxOutputTokens ?? 'none'}`;
}

function describeConfirm({ model, parameters, strata }: NonNullable<Instrument['confirm']>): readonly string[] {
  return [`fails confirmed by ${model}`, describeParameters(parameters), ...new Set([...strata].sort())];
}

import type { Clock } from '../core/clock.js';
import type { PipelineError } from '../core/errors.js';
import type { Model, ModelFailure } from '../core/model.js';

/** Between two lines that tell of a failure, so that a provider that comes and goes does not flood a terminal. */
const QUIET_MS = 60_000;
/** A model refuses or cuts a reply now and then; this many in a row are another matter. */
const UNUSABLE_IN_A_ROW = 3;

type Trouble = 'error' | 'wait';

/** Tells a person that the judge model stopped answering, and that it answers again. Never says what a provider said. */
export interface ProviderNotices {
  failed(error: PipelineError): void;
  /** @param beganAtMs - of the call: one from before the failure says nothing of now */
  answered(beganAtMs: number): void;
}

export interface ProviderNoticesDeps {
  readonly model: Model;
  /** What it is asked for. */
  readonly role: 'judge' | 'confirm';
  readonly clock: Clock;
  readonly announce: (text: string) => void;
}

/** Notices of one model. */
export function createProviderNotices(
  options: { readonly giveUpAfterMs: number },
  { model, role, clock, announce }: ProviderNoticesDeps,
): ProviderNotices {
  const name = `The ${role === 'judge' ? 'judge' : 'judge that confirms fails'}, ${model.provider} model ${model.name},`;
  const follows: Readonly<Record<Trouble, string>> = {
    error:
      role === 'judge'
        ? 'Until it does, verdicts become errors; no trace is failed for it.'
        : 'Until it does, fails stand as the first judge said, unconfirmed.',
    wait: `Judgements wait and are tried again, each vote for up to ${options.giveUpAfterMs / 1000} s.`,
  };
  let said: Trouble | undefined;
  let saidAtMs = -Infinity;
  let failedAtMs = -Infinity;
  let unusable = 0;
  return {
    failed(error) {
      const nowMs = clock.nowMs();
      failedAtMs = nowMs;
      unusable = error.code === 'MODEL_REPLY_INVALID' ? unusable + 1 : 0;
      const trouble = error.disposition === 'retry' ? 'wait' : 'error';
      const isUsual = error.code === 'MODEL_REPLY_INVALID' && unusable < UNUSABLE_IN_A_ROW;
      if (isUsual || said === trouble || nowMs - saidAtMs < QUIET_MS) return;
      said = trouble;
      saidAtMs = nowMs;
      announce(`${name} does not answer as it should: ${briefOf(error)}. ${follows[trouble]}`);
    },
    answered(beganAtMs) {
      if (beganAtMs < failedAtMs) return;
      unusable = 0;
      if (said === undefined) return;
      said = undefined;
      announce(`${name} answers again.`);
    },
  };
}

function briefOf(error: PipelineError): string {
  const { brief } = (error.cause ?? {}) as ModelFailure;
  if (brief !== undefined) return brief;
  return error.code === 'MODEL_REPLY_INVALID' ? 'its replies cannot be used' : error.code;
}

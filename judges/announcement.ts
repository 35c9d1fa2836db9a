import type { Model } from '../core/model.js';
import { redactUrl } from '../core/redact-url.js';
import type { JudgesConfig } from './config.js';

/** What is said before the first call: who gets which text, at what price, under which cap. */
export function announcement(options: JudgesConfig, model: Model): string {
  const { inputUsdPerMillion, outputUsdPerMillion, version } = model.price;
  return (
    `Judging with ${model.provider} model ${model.name} at ${redactUrl(model.baseUrl)}, ` +
    `$${inputUsdPerMillion} in and $${outputUsdPerMillion} out per million tokens (price: ${version}), ` +
    `capped at $${options.dailyBudgetUsd} a day and $${options.weeklyBudgetUsd} a week. ` +
    'What leaves this machine, as the agent sent it: of each judged trace the user request, the system instructions, the declared ' +
    'tools, the steps with their arguments, results and errors, and the final answer, ' +
    `cut to about ${options.evidenceTokens} tokens. No ids, times or headers of spans are sent.`
  );
}

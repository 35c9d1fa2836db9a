import type { Model } from '../core/model.js';
import { redactUrl } from '../core/redact-url.js';
import type { JudgesConfig } from './config.js';

/**
 * What is said before the first call: who gets which text, at what price, under which cap.
 * @param confirm - who is asked about fails
 */
export function announcement(options: JudgesConfig, model: Model, confirm?: Model): string {
  const second =
    confirm === undefined
      ? ''
      : `; fails of ${options.confirm.strata.join(', ')} traces go to ${describe(confirm)} too`;
  return (
    `Judging with ${describe(model)}${second}, ` +
    `capped at $${options.dailyBudgetUsd} a day and $${options.weeklyBudgetUsd} a week. ` +
    'What leaves this machine, as the agent sent it: of each judged trace the user request, the system instructions, the declared ' +
    'tools, the steps with their arguments, results and errors, and the final answer, ' +
    `cut to about ${options.evidenceTokens} tokens. No ids, times or headers of spans are sent.`
  );
}

function describe({ provider, name, baseUrl, price }: Model): string {
  const { inputUsdPerMillion, outputUsdPerMillion, version } = price;
  return (
    `${provider} model ${name} at ${redactUrl(baseUrl)}, ` +
    `$${inputUsdPerMillion} in and $${outputUsdPerMillion} out per million tokens (price: ${version})`
  );
}

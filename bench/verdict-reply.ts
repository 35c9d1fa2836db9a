/**
 * What a scripted judge answers over the OpenAI wire protocol: one verdict, with the user's request as its quote.
 * @param prompt - the request body that the judge was sent, with the evidence of an `agentRun`, or any with the quote
 */
export function verdictReply(
  prompt: string,
  verdict: string,
  quote = /Please refund order ORD-\d+, customer \d+\./.exec(prompt)?.[0],
): string {
  const content = JSON.stringify({
    explanation: 'Compared the request with the calls.',
    quotes: quote === undefined ? [] : [quote],
    verdict,
    confidence: 0.9,
  });
  return JSON.stringify({
    id: 'chatcmpl-scripted',
    object: 'chat.completion',
    created: 1,
    model: 'scripted-judge',
    choices: [
      { index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content, refusal: null } },
    ],
    usage: { prompt_tokens: 400, completion_tokens: 40, total_tokens: 440 },
  });
}

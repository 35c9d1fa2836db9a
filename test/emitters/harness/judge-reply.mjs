/** A pass, with a quote that stands in the evidence of every emitter that sends text. */
export function judgeReply(request) {
  const evidence = request.messages.map((message) => String(message.content)).join('\n');
  const quotes = ['What is the weather in Paris?'].filter((quote) => evidence.includes(quote));
  const content = JSON.stringify({
    explanation: 'The user asked for the weather and was told it.',
    quotes,
    verdict: 'pass',
    confidence: 0.9,
  });
  return {
    id: 'chatcmpl-verdict',
    object: 'chat.completion',
    created: 1_767_225_600,
    model: 'scripted-judge',
    choices: [
      { index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content, refusal: null } },
    ],
    usage: { prompt_tokens: 400, completion_tokens: 40, total_tokens: 440 },
  };
}

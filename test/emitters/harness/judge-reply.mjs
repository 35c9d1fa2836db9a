const SCHEMA = 'assay_verdict';

/**
 * A pass, with a quote that stands in the evidence of every emitter that sends text, over the protocol of the request.
 * @returns undefined when the request is not a judge's
 */
export function judgeReply(request) {
  if (request.response_format?.json_schema?.name === SCHEMA) return overOpenAi(verdictOn(request));
  if (request.tool_choice?.name === SCHEMA) return overAnthropic(verdictOn(request));
  return undefined;
}

function verdictOn({ messages }) {
  const evidence = messages.map((message) => String(message.content)).join('\n');
  return {
    explanation: 'The user asked for the weather and was told it.',
    quotes: ['What is the weather in Paris?'].filter((quote) => evidence.includes(quote)),
    verdict: 'pass',
    confidence: 0.9,
  };
}

function overOpenAi(verdict) {
  const content = JSON.stringify(verdict);
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

function overAnthropic(verdict) {
  return {
    id: 'msg_verdict',
    type: 'message',
    role: 'assistant',
    model: 'scripted-judge',
    content: [{ type: 'tool_use', id: 'toolu_verdict', name: SCHEMA, input: verdict }],
    stop_reason: 'tool_use',
    stop_sequence: null,
    usage: { input_tokens: 400, output_tokens: 40 },
  };
}

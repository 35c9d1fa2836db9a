const CALL_ID = 'call_fake_weather_1';
const TOOL = 'get_weather';
const ARGUMENTS = '{"location":"Paris"}';
const ANSWER = 'The weather in Paris is rainy, 14°C.';
const CREATED = 1_767_225_600;

/** Tokens as the provider bills them: input includes cached, output includes reasoning. */
const USAGE = {
  call: { input: 58, cached: 0, output: 17, reasoning: 4 },
  answer: { input: 112, cached: 32, output: 12, reasoning: 4 },
};
/** The Anthropic protocol counts cached input beside the rest: 78 and 112 in all. */
const ANTHROPIC_USAGE = {
  call: { input: 58, cached: 20, output: 17 },
  answer: { input: 80, cached: 32, output: 12 },
};

const OPENAI_MODEL = 'gpt-4o-mini-2024-07-18';
const ANTHROPIC_MODEL = 'claude-3-5-haiku-20241022';

/** `POST /v1/chat/completions`. */
export const OPENAI_CHAT = {
  hasToolResult: ({ messages }) => messages.some(({ role }) => role === 'tool'),
  reply(turn) {
    const message =
      turn === 'call'
        ? {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: CALL_ID, type: 'function', function: { name: TOOL, arguments: ARGUMENTS } }],
            refusal: null,
          }
        : { role: 'assistant', content: ANSWER, refusal: null };
    return {
      id: turn === 'call' ? 'chatcmpl-fake1' : 'chatcmpl-fake2',
      object: 'chat.completion',
      created: CREATED,
      model: OPENAI_MODEL,
      system_fingerprint: 'fp_fake',
      choices: [{ index: 0, message, logprobs: null, finish_reason: turn === 'call' ? 'tool_calls' : 'stop' }],
      usage: chatUsage(turn),
    };
  },
  stream(turn, request) {
    const whole = this.reply(turn);
    const chunk = (choices, extra = {}) => ({
      data: {
        id: whole.id,
        object: 'chat.completion.chunk',
        created: CREATED,
        model: OPENAI_MODEL,
        choices,
        ...extra,
      },
    });
    const delta = (value, finish = null) => chunk([{ index: 0, delta: value, logprobs: null, finish_reason: finish }]);
    const parts =
      turn === 'call'
        ? [
            delta({ role: 'assistant', content: null, tool_calls: [callDelta({ id: CALL_ID, name: TOOL, text: '' })] }),
            ...pieces(ARGUMENTS).map((text) => delta({ tool_calls: [callDelta({ text })] })),
            delta({}, 'tool_calls'),
          ]
        : [
            delta({ role: 'assistant', content: '' }),
            ...pieces(ANSWER).map((content) => delta({ content })),
            delta({}, 'stop'),
          ];
    const usage = request.stream_options?.include_usage === true ? [chunk([], { usage: chatUsage(turn) })] : [];
    return [...parts, ...usage, { data: '[DONE]' }];
  },
};

function callDelta({ id, name, text }) {
  return {
    index: 0,
    ...(id === undefined ? {} : { id, type: 'function' }),
    function: { ...(name === undefined ? {} : { name }), arguments: text },
  };
}

function chatUsage(turn) {
  const { input, cached, output, reasoning } = USAGE[turn];
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
}

/** `POST /v1/responses`. */
export const OPENAI_RESPONSES = {
  hasToolResult: ({ input }) => Array.isArray(input) && input.some(({ type }) => type === 'function_call_output'),
  reply(turn) {
    const { input, cached, output, reasoning } = USAGE[turn];
    return {
      id: turn === 'call' ? 'resp_fake1' : 'resp_fake2',
      object: 'response',
      created_at: CREATED,
      status: 'completed',
      error: null,
      incomplete_details: null,
      instructions: null,
      model: OPENAI_MODEL,
      output: [responsesItem(turn)],
      parallel_tool_calls: true,
      previous_response_id: null,
      reasoning: { effort: null, summary: null },
      store: false,
      temperature: 1,
      text: { format: { type: 'text' } },
      tool_choice: 'auto',
      tools: [],
      top_p: 1,
      truncation: 'disabled',
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: cached },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: reasoning },
        total_tokens: input + output,
      },
      metadata: {},
    };
  },
  stream(turn) {
    const whole = this.reply(turn);
    const item = whole.output[0];
    const place = { item_id: item.id, output_index: 0 };
    const parts =
      turn === 'call'
        ? [
            { type: 'response.function_call_arguments.delta', ...place, delta: ARGUMENTS },
            { type: 'response.function_call_arguments.done', ...place, arguments: ARGUMENTS },
          ]
        : [
            ...pieces(ANSWER).map((delta) => ({
              type: 'response.output_text.delta',
              ...place,
              content_index: 0,
              delta,
              logprobs: [],
            })),
            { type: 'response.output_text.done', ...place, content_index: 0, text: ANSWER, logprobs: [] },
          ];
    const begun = turn === 'call' ? { ...item, arguments: '', status: 'in_progress' } : { ...item, content: [] };
    return [
      { type: 'response.created', response: { ...whole, status: 'in_progress', output: [], usage: null } },
      { type: 'response.output_item.added', output_index: 0, item: begun },
      ...parts,
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ].map((data, number) => ({ event: data.type, data: { ...data, sequence_number: number } }));
  },
};

function responsesItem(turn) {
  return turn === 'call'
    ? {
        type: 'function_call',
        id: 'fc_fake_1',
        call_id: CALL_ID,
        name: TOOL,
        arguments: ARGUMENTS,
        status: 'completed',
      }
    : {
        type: 'message',
        id: 'msg_fake_2',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: ANSWER, annotations: [] }],
      };
}

/** `POST /v1/messages`. */
export const ANTHROPIC = {
  hasToolResult: ({ messages }) =>
    messages.some(({ content }) => Array.isArray(content) && content.some(({ type }) => type === 'tool_result')),
  reply(turn) {
    const { input, cached, output } = ANTHROPIC_USAGE[turn];
    return {
      id: turn === 'call' ? 'msg_fake1' : 'msg_fake2',
      type: 'message',
      role: 'assistant',
      model: ANTHROPIC_MODEL,
      content: [
        turn === 'call'
          ? { type: 'tool_use', id: CALL_ID, name: TOOL, input: JSON.parse(ARGUMENTS) }
          : { type: 'text', text: ANSWER },
      ],
      stop_reason: turn === 'call' ? 'tool_use' : 'end_turn',
      stop_sequence: null,
      usage: {
        input_tokens: input,
        output_tokens: output,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: cached,
      },
    };
  },
  stream(turn) {
    const whole = this.reply(turn);
    const [block] = whole.content;
    const deltas =
      turn === 'call'
        ? pieces(ARGUMENTS).map((text) => ({ type: 'input_json_delta', partial_json: text }))
        : pieces(ANSWER).map((text) => ({ type: 'text_delta', text }));
    return [
      {
        type: 'message_start',
        message: { ...whole, content: [], stop_reason: null, usage: { ...whole.usage, output_tokens: 1 } },
      },
      {
        type: 'content_block_start',
        index: 0,
        content_block: turn === 'call' ? { ...block, input: {} } : { type: 'text', text: '' },
      },
      ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: whole.stop_reason, stop_sequence: null },
        usage: { output_tokens: whole.usage.output_tokens },
      },
      { type: 'message_stop' },
    ].map((data) => ({ event: data.type, data }));
  },
};

function pieces(text) {
  return text.match(/.{1,12}/gs) ?? [];
}

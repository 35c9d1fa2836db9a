import OpenAI from 'openai';
import type { Model, ModelReply, ModelRequest } from '../core/model.js';
import type { ModelOptions } from './model-options.js';
import { withDeadline, type ModelDeps } from './deadline.js';
import { invalidReply } from './provider-failure.js';
import { modelName, tokenCount } from './reply-fields.js';

/** A model behind the OpenAI chat completions protocol. Structured output is a strict JSON schema response format. */
export function createOpenAiModel(options: ModelOptions, deps: ModelDeps): Model {
  const client = new OpenAI({
    apiKey: options.apiKey.reveal(),
    baseURL: options.baseUrl,
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    timeout: options.timeoutMs,
    logLevel: 'off',
  });
  return {
    provider: options.provider,
    name: options.name,
    baseUrl: options.baseUrl,
    price: options.price,
    parameters: options.parameters,
    complete: (request, signal) =>
      withDeadline({ options, clock: deps.clock, signal }, async (until) => {
        const completion = await client.chat.completions.create(toBody(request, options), { signal: until });
        return toReply(completion, options);
      }),
  };
}

function toBody(request: ModelRequest, options: ModelOptions): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { leastReasoning } = options;
  return {
    model: options.name,
    messages: [
      { role: 'system', content: request.system },
      { role: 'user', content: request.user },
    ],
    response_format: {
      type: 'json_schema',
      json_schema: { name: request.schemaName, strict: true, schema: { ...request.schema } },
    },
    max_completion_tokens: request.maxOutputTokens,
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(leastReasoning === undefined || leastReasoning === 'always' ? {} : { reasoning_effort: leastReasoning }),
  };
}

/** Reads defensively: a compatible endpoint may answer 200 with anything. */
function toReply(completion: Partial<OpenAI.ChatCompletion>, options: ModelOptions): ModelReply {
  const inputTokens = tokenCount(completion.usage?.prompt_tokens);
  const outputTokens = tokenCount(completion.usage?.completion_tokens);
  const usage = inputTokens === undefined || outputTokens === undefined ? {} : { inputTokens, outputTokens };
  const choice = completion.choices?.[0];
  const message = choice?.message;
  if (message?.refusal) throw invalidReply(options, 'it refused to answer', usage);
  if (choice?.finish_reason === 'content_filter') throw invalidReply(options, 'its content filter cut it', usage);
  if (choice?.finish_reason === 'length') {
    throw invalidReply(options, 'it was cut at models.judge.maxOutputTokens', usage);
  }
  if (typeof message?.content !== 'string') throw invalidReply(options, 'it held no message content', usage);
  let value: unknown;
  try {
    value = JSON.parse(message.content);
  } catch {
    throw invalidReply(options, 'its content was not JSON', usage);
  }
  if (inputTokens === undefined || outputTokens === undefined) {
    throw invalidReply(options, 'it held no token counts to charge by', usage);
  }
  return { value, model: modelName(completion.model, options.name), inputTokens, outputTokens };
}

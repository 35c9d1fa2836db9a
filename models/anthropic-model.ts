import Anthropic from '@anthropic-ai/sdk';
import type { Model, ModelReply, ModelRequest } from '../core/model.js';
import type { ModelOptions } from './model-options.js';
import { withDeadline, type ModelDeps } from './deadline.js';
import { invalidReply } from './provider-failure.js';
import { modelName, tokenCount } from './reply-fields.js';

/**
 * A model behind the Anthropic messages protocol. Structured output is the input of a tool that the model is forced to
 * call, which compatible endpoints support most widely. A model that always thinks cannot be forced: it gets the schema as
 * its output format instead.
 */
export function createAnthropicModel(options: ModelOptions, deps: ModelDeps): Model {
  const client = new Anthropic({
    apiKey: options.apiKey.reveal(),
    authToken: null,
    webhookKey: null,
    baseURL: options.baseUrl,
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
        const message = await client.messages.create(toBody(request, options), { signal: until });
        return toReply(message, request, options);
      }),
  };
}

function toBody(request: ModelRequest, options: ModelOptions): Anthropic.MessageCreateParamsNonStreaming {
  const body: Anthropic.MessageCreateParamsNonStreaming = {
    model: options.name,
    system: request.system,
    messages: [{ role: 'user', content: request.user }],
    max_tokens: request.maxOutputTokens,
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  };
  if (options.leastReasoning === 'always') {
    return {
      ...body,
      output_config: { effort: 'low', format: { type: 'json_schema', schema: { ...request.schema } } },
    };
  }
  const schema = { ...request.schema, type: 'object' } as const;
  return {
    ...body,
    tools: [{ name: request.schemaName, description: 'Records the verdict.', input_schema: schema }],
    tool_choice: { type: 'tool', name: request.schemaName, disable_parallel_tool_use: true },
    // A forced tool and thinking exclude each other, and some models think unless told not to.
    ...(options.leastReasoning === 'none' ? { thinking: { type: 'disabled' } } : {}),
  };
}

/** Reads defensively: a compatible endpoint may answer 200 with anything. */
function toReply(message: Partial<Anthropic.Message>, request: ModelRequest, options: ModelOptions): ModelReply {
  const usage = toUsage(message.usage);
  if (message.stop_reason === 'refusal') throw invalidReply(options, 'it refused to answer', usage ?? {});
  if (message.stop_reason === 'max_tokens') {
    throw invalidReply(options, 'it was cut at models.judge.maxOutputTokens', usage ?? {});
  }
  const blocks = Array.isArray(message.content) ? message.content : [];
  const tool = blocks.find((block) => block.type === 'tool_use' && block.name === request.schemaName);
  const text = blocks.find((block) => block.type === 'text');
  let value: unknown;
  if (tool?.type === 'tool_use') value = tool.input;
  else if (options.leastReasoning === 'always' && text?.type === 'text') value = parseText(text.text, usage, options);
  else throw invalidReply(options, `it held no ${request.schemaName} tool call`, usage ?? {});
  if (usage === undefined) throw invalidReply(options, 'it held no token counts to charge by', {});
  return { value, model: modelName(message.model, options.name), ...usage };
}

type Usage = Pick<ModelReply, 'inputTokens' | 'outputTokens'>;

function parseText(text: string, usage: Usage | undefined, options: ModelOptions): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidReply(options, 'its text was not JSON', usage ?? {});
  }
}

/** One count that makes no sense makes the sum none. */
function toUsage(usage: Partial<Anthropic.Usage> | null | undefined): Usage | undefined {
  const input = tokenCount(usage?.input_tokens);
  const read = tokenCount(usage?.cache_read_input_tokens ?? 0);
  const created = tokenCount(usage?.cache_creation_input_tokens ?? 0);
  const outputTokens = tokenCount(usage?.output_tokens);
  if (input === undefined || read === undefined || created === undefined || outputTokens === undefined)
    return undefined;
  return { inputTokens: input + read + created, outputTokens };
}

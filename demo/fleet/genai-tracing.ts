import { SpanKind, SpanStatusCode, type Attributes, type Tracer } from '@opentelemetry/api';
import type { Chat, ChatCall, ChatReply, ChatTurn } from './chat.js';
import { endedAfter } from './ended-after.js';
import type { PlannedRequest } from './plan.js';
import type { AgentTracing } from './tracing.js';
import { AGENT_NAME, INSTRUCTIONS, TOOLS } from './tools.js';

const TOOL_DEFINITIONS = JSON.stringify(TOOLS.map((tool) => ({ type: 'function', ...tool })));
const SYSTEM_INSTRUCTIONS = JSON.stringify([{ type: 'text', content: INSTRUCTIONS }]);

const FINISH_REASONS: Readonly<Record<string, string>> = {
  tool_calls: 'tool_call',
  tool_use: 'tool_call',
  end_turn: 'stop',
};

interface Message {
  readonly role: string;
  readonly parts: readonly object[];
  readonly finish_reason?: string;
}

/** OTel GenAI conventions, v1.37 and later: messages are JSON strings on the span. */
export function createGenAiTracing(tracer: Tracer, chat: Pick<Chat, 'provider' | 'model'>): AgentTracing {
  const internal = SpanKind.INTERNAL;
  return {
    run: (request, work) => {
      const attributes = runAttributes(request, chat);
      return tracer.startActiveSpan(`invoke_agent ${AGENT_NAME}`, { kind: internal, attributes }, (span) =>
        endedAfter(span, work, (answer) => {
          const output: Message = { role: 'assistant', parts: [textPart(answer)], finish_reason: 'stop' };
          span.setAttribute('gen_ai.output.messages', JSON.stringify([output]));
        }),
      );
    },
    model: (turns, work) => {
      const attributes = {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': chat.provider,
        'gen_ai.request.model': chat.model,
        'gen_ai.system_instructions': SYSTEM_INSTRUCTIONS,
        'gen_ai.tool.definitions': TOOL_DEFINITIONS,
        'gen_ai.input.messages': JSON.stringify(turns.map(toMessage)),
      };
      return tracer.startActiveSpan(`chat ${chat.model}`, { kind: SpanKind.CLIENT, attributes }, (span) =>
        endedAfter(span, work, (reply) => {
          span.setAttributes(replyAttributes(reply));
        }),
      );
    },
    tool: (call, work) =>
      tracer.startActiveSpan(
        `execute_tool ${call.name}`,
        { kind: internal, attributes: callAttributes(call) },
        (span) => {
          const answer = work();
          span.setAttribute('gen_ai.tool.call.result', JSON.stringify(answer));
          if (typeof answer['error'] === 'string') {
            span.setAttribute('error.type', answer['error']);
            span.setStatus({ code: SpanStatusCode.ERROR, message: String(answer['message']) });
          }
          span.end();
          return answer;
        },
      ),
  };
}

function runAttributes(request: PlannedRequest, chat: Pick<Chat, 'provider'>): Attributes {
  const input: Message = { role: 'user', parts: [textPart(request.text)] };
  return {
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': chat.provider,
    'gen_ai.agent.name': AGENT_NAME,
    'gen_ai.conversation.id': request.sessionId,
    'user.id': request.customer.id,
    'gen_ai.input.messages': JSON.stringify([input]),
  };
}

function callAttributes(call: ChatCall): Attributes {
  return {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': call.name,
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': call.id,
    'gen_ai.tool.call.arguments': call.arguments,
  };
}

function replyAttributes(reply: ChatReply): Attributes {
  const finish = FINISH_REASONS[reply.finishReason] ?? reply.finishReason;
  return {
    'gen_ai.response.id': reply.id,
    'gen_ai.response.model': reply.model,
    'gen_ai.response.finish_reasons': [finish],
    'gen_ai.usage.input_tokens': reply.inputTokens,
    'gen_ai.usage.output_tokens': reply.outputTokens,
    'gen_ai.output.messages': JSON.stringify([{ ...toMessage({ role: 'assistant', reply }), finish_reason: finish }]),
  };
}

function textPart(content: string): object {
  return { type: 'text', content };
}

function toMessage(turn: ChatTurn): Message {
  if (turn.role === 'user') return { role: 'user', parts: [textPart(turn.text)] };
  if (turn.role === 'tool') {
    return { role: 'tool', parts: [{ type: 'tool_call_response', id: turn.call.id, response: parsed(turn.answer) }] };
  }
  const { text, calls } = turn.reply;
  const callParts = calls.map(({ id, name, arguments: args }) => ({
    type: 'tool_call',
    id,
    name,
    arguments: parsed(args),
  }));
  return { role: 'assistant', parts: [...(text === '' ? [] : [textPart(text)]), ...callParts] };
}

/** Structured where it is JSON; what a model wrote and nobody can parse stays text. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

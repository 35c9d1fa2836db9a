import type { Span } from '../core/span.js';
import type { Message, SpanFields } from './fields.js';
import { readMessages } from './messages.js';
import { resultText } from './parts.js';
import { content, structured, text, unquoted } from './values.js';

/** Of the SDKs for TypeScript and Python. */
const SCOPES = new Set(['strands-agents', 'strands.telemetry.tracer']);

/**
 * What Strands says in its own way; the rest is OTel GenAI of either generation. Under the newest conventions a tool's
 * answer is JSON of Bedrock blocks, and of a tool that failed it stands in events alone.
 */
export function readStrands(span: Span): SpanFields | undefined {
  const { attributes, scopeName } = span;
  if (!SCOPES.has(scopeName)) return undefined;
  const instructions = unquoted(attributes.get('system_prompt'));
  if (text(attributes.get('gen_ai.operation.name')) !== 'execute_tool') return { instructions: wordsOf(instructions) };
  const called = told(span, 'gen_ai.input.messages').flatMap((message) => message.toolCalls)[0];
  const answered = told(span, 'gen_ai.output.messages').flatMap((message) => message.toolResults)[0];
  const result = resultText(structured(attributes.get('gen_ai.tool.call.result')));
  const given = content(attributes.get('gen_ai.tool.call.arguments'));
  return { arguments: given ?? called?.arguments, result: result ?? answered?.text };
}

/** A prompt is text, or the JSON of Bedrock blocks. */
function wordsOf(prompt: string | undefined): string | undefined {
  const texts =
    readMessages({ content: structured(prompt) ?? null }, 'system')?.flatMap((message) => message.text ?? []) ?? [];
  return texts.length === 0 ? undefined : texts.join('\n');
}

function told(span: Span, key: string): readonly Message[] {
  const sources = [span.attributes, ...span.events.map((event) => event.attributes)];
  return sources.flatMap((attributes) => readMessages(attributes.get(key), 'tool') ?? []);
}

import type { AttributeValue } from '../core/attributes.js';
import type { ToolCall } from '../core/trajectory.js';
import type { ToolResult } from './fields.js';
import { isArray, looksStructured, parseJson } from './json.js';
import { content, defined, isStructure, member, structure, text, type Structure } from './values.js';

/** What the parts of one message add up to. */
export interface Parts {
  readonly texts: string[];
  readonly toolCalls: ToolCall[];
  readonly toolResults: ToolResult[];
}

const TEXT = new Set(['text', 'output_text', 'input_text', 'refusal']);
const CALL = new Set(['tool_call', 'tool_use', 'tool-call', 'toolUse', 'function_call', 'functionCall']);
const RESULT = new Set([
  'tool_call_response',
  'tool_result',
  'tool-result',
  'toolResult',
  'function_call_output',
  'function_call_result',
  'functionResponse',
]);
const MEDIA = new Set([
  'blob',
  'file',
  'uri',
  'image',
  'image_url',
  'input_image',
  'audio',
  'input_audio',
  'document',
  'video',
]);
/** Bedrock and Gemini name the kind of a part by its only key. */
const KEYED = ['text', 'toolUse', 'toolResult', 'functionCall', 'functionResponse'] as const;

const CALL_ID = ['id', 'call_id', 'callId', 'toolCallId', 'toolUseId'] as const;
const RESULT_ID = ['tool_call_id', 'tool_use_id', 'call_id', 'callId', 'toolCallId', 'toolUseId', 'id'] as const;

/** True for an object that is a part of a message in one of the known shapes. */
export function isPart(value: AttributeValue | undefined): value is Structure {
  return isStructure(value) && partKind(value) !== '';
}

/** Adds one part: of OTel, OpenAI, Anthropic, Bedrock, Gemini or the Vercel AI SDK. Reasoning is no content. */
export function addPart(part: AttributeValue, to: Parts): void {
  if (!isStructure(part)) {
    addText(part, to);
    return;
  }
  const kind = partKind(part);
  const body = structure(part[kind]) ?? part;
  if (CALL.has(kind)) addCall(body, to);
  else if (RESULT.has(kind)) to.toolResults.push(readToolResult(body));
  else if (MEDIA.has(kind)) to.texts.push(`[${text(part.modality) ?? kind}]`);
  else if (kind === 'text') addText(member(part, 'content', 'text', 'refusal'), to);
}

/** A call; nothing when neither name nor arguments were sent. */
export function addCall(call: Structure, to: Parts): void {
  const inner = structure(call.function) ?? call;
  const name = text(member(inner, 'name', 'toolName'));
  const given = member(inner, 'arguments', 'input', 'args');
  if (name === undefined && given === undefined) return;
  to.toolCalls.push(
    defined<ToolCall>({ id: text(member(call, ...CALL_ID)), name: name ?? '', arguments: rawArguments(given) }),
  );
}

/**
 * The model's own text. Structures become canonical JSON, and a second layer of JSON around JSON text is taken off; cut
 * or invalid text stays. Empty when the emitter sent none or hid it.
 */
export function rawArguments(value: AttributeValue | undefined): string {
  const found = content(value) ?? '';
  if (!found.startsWith('"')) return found;
  try {
    const inner: unknown = JSON.parse(found);
    return typeof inner === 'string' && looksStructured(inner) ? inner : found;
  } catch {
    return found;
  }
}

/** A tool's answer in a message. */
export function readToolResult(result: Structure): ToolResult {
  const value = member(result, 'response', 'result', 'output', 'content');
  return {
    id: text(member(result, ...RESULT_ID)),
    name: text(member(result, 'name', 'toolName')),
    text: resultText(value),
    failed: isTrue(member(result, 'is_error', 'isError')) || result.status === 'error' || isErrorOutput(value),
  };
}

/** A tool's answer as text: text as it is, text blocks joined, wrapped JSON unwrapped, other structures as canonical JSON. */
export function resultText(value: AttributeValue | undefined): string | undefined {
  if (isArray(value)) {
    const texts = value.map((item) => (isStructure(item) ? onlyContent(item) : undefined));
    if (texts.length > 0 && texts.every((item) => item !== undefined)) return content(texts.join('\n'));
  }
  const output = typeof value === 'string' && value.startsWith('{"type":"') ? parseJson(value) : value;
  return isStructure(output) && isOutput(output) ? content(output.value) : content(value);
}

/** The text of `{type: "text", text}`, `{text}` or `{json}`. */
function onlyContent(block: Structure): string | undefined {
  const { type, ...rest } = block;
  if (type !== undefined && type !== 'text' && type !== 'json') return undefined;
  return Object.keys(rest).length === 1 ? text(member(rest, 'text', 'content', 'json')) : undefined;
}

/** The Vercel AI SDK's `{type, value}` around a tool's output. */
function isOutput(value: Structure): boolean {
  return Object.keys(value).length === 2 && 'value' in value && /^(error-)?(text|json)$/.test(text(value.type) ?? '');
}

function isErrorOutput(value: AttributeValue | undefined): boolean {
  return isStructure(value) && 'value' in value && (text(value.type) ?? '').startsWith('error-');
}

function isTrue(value: AttributeValue | undefined): boolean {
  return value === true || value === 'true';
}

function addText(value: AttributeValue | undefined, to: Parts): void {
  const found = content(value);
  if (found !== undefined) to.texts.push(found);
}

function partKind(part: Structure): string {
  const type = text(part.type);
  if (type === undefined) return KEYED.find((key) => key in part) ?? '';
  if (TEXT.has(type)) return 'text';
  if (CALL.has(type) || RESULT.has(type) || MEDIA.has(type)) return type;
  return type.includes('reasoning') || type.includes('thinking') ? 'reasoning' : '';
}

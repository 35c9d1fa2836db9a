import type { AttributeValue } from '../core/attributes.js';
import type { ToolCall } from '../core/trajectory.js';
import type { Message } from './fields.js';
import { normalRole, toMessage } from './messages.js';
import { rawArguments, resultText, type Parts } from './parts.js';
import { content, defined, text } from './values.js';

/** An index beyond this is no message but an attack on whoever allocates by it; what it carries is ignored. */
const MAX_INDEX = 10_000;
const INDEX = /^\d{1,5}$/;
const MEDIA = new Set(['image', 'audio', 'video', 'file']);

/** Values of a flattened list by index, in whatever order they came. */
export type Indexed<T> = Map<number, T>;

interface FlatCall {
  id?: AttributeValue;
  name?: AttributeValue;
  arguments?: AttributeValue;
}

interface FlatPart {
  type?: AttributeValue;
  text?: AttributeValue;
  readonly call: FlatCall;
}

/** A message as its attributes arrive, one by one. */
export interface FlatMessage {
  role?: AttributeValue;
  content?: AttributeValue;
  name?: AttributeValue;
  callId?: AttributeValue;
  finishReason?: AttributeValue;
  readonly parts: Indexed<FlatPart>;
  readonly calls: Indexed<FlatCall>;
}

/** The entry of an index, made when it is new. @returns undefined when the segment is no index or beyond the cap */
export function at<T>(items: Indexed<T>, segment: string | undefined, make: () => T): T | undefined {
  if (segment === undefined || !INDEX.test(segment)) return undefined;
  const index = Number(segment);
  if (index >= MAX_INDEX) return undefined;
  let item = items.get(index);
  if (item === undefined) items.set(index, (item = make()));
  return item;
}

/** The entries by ascending index. */
export function inOrder<T>(items: Indexed<T>): readonly T[] {
  return [...items].sort(([a], [b]) => a - b).map(([, item]) => item);
}

/**
 * Takes one attribute of `{i}.message.…`.
 *
 * @param path - the key's segments from the index on
 */
export function takeMessage(messages: Indexed<FlatMessage>, path: readonly string[], value: AttributeValue): void {
  const [index, , field, position, ...rest] = path;
  const message = at(messages, index, newMessage);
  if (message === undefined) return;
  if (field === 'role') message.role = value;
  else if (field === 'content') message.content = value;
  else if (field === 'name') message.name = value;
  else if (field === 'tool_call_id') message.callId = value;
  else if (field === 'finish_reason') message.finishReason = value;
  else if (field === 'contents') takePart(at(message.parts, position, newPart), rest, value);
  else if (field === 'tool_calls') takeCall(at(message.calls, position, newCall), rest, value);
}

function newMessage(): FlatMessage {
  return { parts: new Map(), calls: new Map() };
}

function newPart(): FlatPart {
  return { call: {} };
}

function newCall(): FlatCall {
  return {};
}

function takePart(part: FlatPart | undefined, path: readonly string[], value: AttributeValue): void {
  if (part === undefined) return;
  const [group, field] = path;
  if (group === 'tool_call') takeCall(part.call, path, value);
  else if (group === 'message_content' && field === 'type') part.type = value;
  else if (group === 'message_content' && field === 'text') part.text = value;
}

function takeCall(call: FlatCall | undefined, path: readonly string[], value: AttributeValue): void {
  if (call === undefined) return;
  const field = path[1] === 'function' ? path[2] : path[1];
  if (field === 'id') call.id = value;
  else if (field === 'name') call.name = value;
  else if (field === 'arguments') call.arguments = value;
}

/** The messages that the attributes add up to. */
export function toMessages(messages: Indexed<FlatMessage>, defaultRole: string): readonly Message[] | undefined {
  const found = inOrder(messages).flatMap((flat) => {
    const message = fromFlat(flat, defaultRole);
    return message === undefined ? [] : [message];
  });
  return found.length === 0 ? undefined : found;
}

function fromFlat(flat: FlatMessage, defaultRole: string): Message | undefined {
  const role = normalRole(text(flat.role) ?? defaultRole);
  const parts: Parts = { texts: [], toolCalls: toCalls(inOrder(flat.calls)), toolResults: [] };
  const contents = inOrder(flat.parts);
  // Some emitters repeat a message's calls among its contents.
  if (parts.toolCalls.length === 0) parts.toolCalls.push(...toCalls(contents.map((part) => part.call)));
  const id = text(flat.callId);
  const words = [flat.content, ...contents.map(partText)];
  if (id !== undefined || role === 'tool') {
    const answer = words.map(resultText).filter((item) => item !== undefined);
    const joined = answer.length === 0 ? undefined : answer.join('\n');
    parts.toolResults.push({ id, name: text(flat.name), text: joined, failed: false });
  } else {
    parts.texts.push(...words.map(content).filter((item) => item !== undefined));
  }
  return toMessage(role, parts, text(flat.finishReason));
}

function partText(part: FlatPart): AttributeValue | undefined {
  const type = text(part.type) ?? '';
  if (type === 'reasoning') return undefined;
  return MEDIA.has(type) ? `[${type}]` : part.text;
}

function toCalls(calls: readonly FlatCall[]): ToolCall[] {
  return calls.flatMap((call) => {
    const name = text(call.name);
    const given = rawArguments(call.arguments);
    if (name === undefined && given === '') return [];
    return [defined<ToolCall>({ id: text(call.id), name: name ?? '', arguments: given })];
  });
}

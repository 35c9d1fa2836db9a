import type { AttributeValue } from '../core/attributes.js';
import type { ToolCall } from '../core/trajectory.js';
import type { Message } from './fields.js';
import { firstReason } from './finish-reason.js';
import { isArray, looksStructured, parseJson } from './json.js';
import { addCall, addPart, isPart, resultText, type Parts } from './parts.js';
import { content, isStructure, list, member, structure, structured, text, type Structure } from './values.js';

const ROLES = new Map([
  ['developer', 'system'],
  ['human', 'user'],
  ['ai', 'assistant'],
  ['model', 'assistant'],
  ['bot', 'assistant'],
  ['function', 'tool'],
]);

/** Emitters' words for the four roles. */
export function normalRole(role: string): string {
  const lower = role.toLowerCase();
  return ROLES.get(lower) ?? lower;
}

/**
 * Reads messages of any provider's shape: a list, one message, `{messages}`, `{choices}`, or JSON text of these. Text that
 * is none of them, or was cut, is one message of the default role.
 *
 * @returns undefined when nothing was sent or everything was hidden
 */
export function readMessages(value: AttributeValue | undefined, defaultRole: string): readonly Message[] | undefined {
  const messages = messagesOf(structured(value), defaultRole);
  return messages.length === 0 ? undefined : messages;
}

/** Like `readMessages`, for values that need not be messages. @returns undefined when they are not */
export function readIfMessages(value: AttributeValue | undefined, defaultRole: string): readonly Message[] | undefined {
  const found = structured(value);
  return isMessageList(found) || (isStructure(found) && isMessageList(found.messages))
    ? readMessages(found, defaultRole)
    : undefined;
}

function messagesOf(value: AttributeValue | undefined, defaultRole: string): readonly Message[] {
  if (isArray(value)) {
    // A bare list of parts is one message, a list of anything else is one message each.
    if (value.length > 0 && value.every((item) => isPart(item) && !('role' in item) && !isItem(item)))
      return messagesOf({ role: defaultRole, content: value }, defaultRole);
    return value.flatMap((item) => messagesOf(item, defaultRole));
  }
  if (isStructure(value)) {
    const inner = member(value, 'messages', 'choices', 'generations');
    if (isArray(inner) && !('role' in value)) return messagesOf(inner, defaultRole);
    const wrapped = structure(value.message);
    return present(
      readMessage(
        wrapped === undefined ? value : { finish_reason: value.finish_reason ?? null, ...wrapped },
        defaultRole,
      ),
    );
  }
  const plain = content(value);
  return plain === undefined ? [] : [{ role: defaultRole, text: plain, toolCalls: [], toolResults: [] }];
}

/** Reads one message object; LangChain's serialised ones are unwrapped. */
export function readMessage(value: Structure, defaultRole: string): Message | undefined {
  const dump = value.lc === 1 ? structure(value.kwargs) : undefined;
  if (dump !== undefined) return readMessage({ role: dumpedRole(value), ...dump }, defaultRole);
  const parts: Parts = { texts: [], toolCalls: [], toolResults: [] };
  const body = member(value, 'parts', 'content');
  const role = normalRole(text(value.role) ?? (isItem(value) ? itemRole(value) : defaultRole));
  if (isItem(value)) addPart(value, parts);
  else addBody(body, parts);
  for (const call of list(value.tool_calls)) if (isStructure(call)) addCall(call, parts);
  const id = text(member(value, 'tool_call_id', 'toolCallId'));
  if ((role === 'tool' || id !== undefined) && parts.toolResults.length === 0) {
    const answer = typeof body === 'string' ? resultText(body) : (resultText(body) ?? joined(parts));
    parts.toolResults.push({
      id: id ?? text(value.id),
      name: text(value.name),
      text: answer,
      failed: value.status === 'error',
    });
    parts.texts.length = 0;
  }
  return toMessage(role, parts, firstReason(value.finish_reason));
}

/** Puts a message together; nothing when it says nothing. */
export function toMessage(role: string, parts: Parts, finishReason?: string): Message | undefined {
  const { toolCalls, toolResults } = parts;
  const said = joined(parts);
  // Old emitters write a missing text beside tool calls as the word null.
  const words = toolCalls.length > 0 && said === 'null' ? undefined : said;
  if (words === undefined && toolCalls.length === 0 && toolResults.length === 0 && finishReason === undefined)
    return undefined;
  const isAnswer = toolResults.length > 0 && words === undefined && toolCalls.length === 0;
  return { role: isAnswer ? 'tool' : role, text: words, toolCalls, toolResults, finishReason };
}

function addBody(body: AttributeValue | undefined, parts: Parts): void {
  if (typeof body === 'string' && looksStructured(body)) {
    const inner = parseJson(body);
    if (isArray(inner) && inner.length > 0 && inner.every(isPart)) {
      for (const part of inner) addPart(part, parts);
      return;
    }
  }
  for (const part of isArray(body) ? body : [body ?? null]) addPart(part, parts);
}

function joined(parts: Parts): string | undefined {
  return parts.texts.length === 0 ? undefined : parts.texts.join('\n');
}

function isMessageList(value: AttributeValue | undefined): boolean {
  return isArray(value) && value.length > 0 && value.every((item) => isMessageLike(isArray(item) ? item[0] : item));
}

function isMessageLike(value: AttributeValue | undefined): boolean {
  if (!isStructure(value)) return false;
  return (
    isItem(value) || value.lc === 1 || (text(value.role) !== undefined && ('content' in value || 'parts' in value))
  );
}

/** An item of OpenAI's Responses API: a call or an answer that stands where a message would. */
function isItem(value: Structure): boolean {
  return /^function_call(_output|_result)?$/.test(text(value.type) ?? '');
}

function itemRole(item: Structure): string {
  return item.type === 'function_call' ? 'assistant' : 'tool';
}

function dumpedRole(dump: Structure): string {
  const names = list(dump.id);
  const type = text(names[names.length - 1]) ?? '';
  return normalRole(type.replace(/Message(Chunk)?$/, ''));
}

function present(message: Message | undefined): readonly Message[] {
  return message === undefined ? [] : [message];
}

/** Text of the last message of a role. */
export function lastText(messages: readonly Message[] | undefined, role: string): string | undefined {
  return messages?.findLast((message) => message.role === role && message.text !== undefined)?.text;
}

/** Calls of all messages that no message of the same list answers. */
export function openCalls(messages: readonly Message[] | undefined): readonly ToolCall[] {
  if (messages === undefined) return [];
  const answered = new Set(messages.flatMap((message) => message.toolResults.map((result) => result.id)));
  return messages.flatMap((message) =>
    message.toolCalls.filter((call) => call.id === undefined || !answered.has(call.id)),
  );
}

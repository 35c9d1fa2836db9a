import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import type { Message, SpanFields } from './fields.js';
import { at, inOrder, takeMessage, type FlatMessage, type Indexed } from './flattened.js';
import { readMessage } from './messages.js';
import { readToolDefinitions } from './tool-definitions.js';
import { plain, text } from './values.js';

/** By `llm.request.type`. */
const KINDS = new Map<string, StepKind>([
  ['chat', 'model'],
  ['completion', 'model'],
  ['embedding', 'embedding'],
  ['rerank', 'retrieval'],
]);

const PROMPT = 'gen_ai.prompt.';
const COMPLETION = 'gen_ai.completion.';
const FLATTENED = [PROMPT, COMPLETION, 'llm.request.functions.'];

type Declared = Record<string, AttributeValue>;

interface Lists {
  readonly prompts: Indexed<FlatMessage>;
  readonly completions: Indexed<FlatMessage>;
  readonly functions: Indexed<Declared>;
}

/**
 * OpenLLMetry before it took OTel GenAI's names: messages flattened into `gen_ai.prompt.{n}.…` and
 * `gen_ai.completion.{n}.…`, declared tools into `llm.request.functions.{n}.…`.
 */
export function readOpenLlmetryLegacy(span: Span, known: SpanFields): SpanFields | undefined {
  const type = text(span.attributes.get('llm.request.type'));
  const lists = gather(span);
  const inputMessages = toMessages(lists.prompts, 'user');
  const outputMessages = toMessages(lists.completions, 'assistant');
  const tools =
    readToolDefinitions(inOrder(lists.functions)) ??
    readToolDefinitions(plain(span.attributes.get('llm.request.functions')));
  if (type === undefined && inputMessages === undefined && outputMessages === undefined && tools === undefined)
    return undefined;
  const kind = KINDS.get(type ?? 'chat') ?? 'model';
  if ((known.kind ?? kind) !== 'model') return { kind, arguments: wordsOf(inputMessages) };
  return {
    kind,
    inputMessages,
    outputMessages,
    tools,
    finishReason: text(inOrder(lists.completions).find((flat) => text(flat.finishReason) !== undefined)?.finishReason),
  };
}

function wordsOf(messages: readonly Message[] | undefined): string | undefined {
  const words = messages?.flatMap((message) => message.text ?? []) ?? [];
  return words.length === 0 ? undefined : words.join('\n');
}

function gather(span: Span): Lists {
  const lists: Lists = { prompts: new Map(), completions: new Map(), functions: new Map() };
  for (const [key, sent] of span.attributes) {
    const list = FLATTENED.find((prefix) => key.startsWith(prefix));
    // As text, because from a row of the span table that is all there is.
    const value = list === undefined ? undefined : text(sent);
    if (list === undefined || value === undefined) continue;
    const path = key.slice(list.length).split('.', 5);
    if (list === PROMPT) take(lists.prompts, path, value);
    else if (list === COMPLETION) take(lists.completions, path, value);
    else declare(lists.functions, path, value);
  }
  return lists;
}

/** Takes `{n}.role` and the like, and `{n}.tool_calls.{m}.name`, by the longer paths that OpenInference has for them. */
function take(messages: Indexed<FlatMessage>, path: readonly string[], value: AttributeValue): void {
  const [index = '', field = '', position = '', part = ''] = path;
  if (field === 'function_call') takeMessage(messages, [index, '', 'tool_calls', '0', '', position], value);
  else takeMessage(messages, [index, '', field, position, '', part], value);
}

function declare(functions: Indexed<Declared>, path: readonly string[], value: AttributeValue): void {
  const [index, field] = path;
  // The schema stands under the name `arguments`.
  const name = field === 'arguments' ? 'parameters' : field;
  if (name !== 'name' && name !== 'description' && name !== 'parameters') return;
  const item = at<Declared>(functions, index, () => ({}));
  if (item !== undefined) item[name] = value;
}

function toMessages(messages: Indexed<FlatMessage>, defaultRole: string): readonly Message[] | undefined {
  const found = inOrder(messages).flatMap((flat) => {
    const message = readMessage(
      {
        role: flat.role ?? defaultRole,
        // A missing text is written as the word null, and the calls that would explain it are not sent.
        content: flat.content === 'null' ? null : (flat.content ?? null),
        name: flat.name ?? null,
        tool_call_id: flat.callId ?? null,
        finish_reason: null,
        tool_calls: inOrder(flat.calls).map(({ id, name, arguments: given }) => ({
          id: id ?? null,
          name: name ?? null,
          arguments: given ?? null,
        })),
      },
      defaultRole,
    );
    return message === undefined ? [] : [message];
  });
  return found.length === 0 ? undefined : found;
}

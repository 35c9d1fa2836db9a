import type { Step, ToolCall } from '../core/trajectory.js';
import type { Message, ToolResult } from './fields.js';
import { canonicalJson, parseJson } from './json.js';
import { byStart } from './steps.js';
import type { Node } from './tree.js';
import { defined, isStructure, text } from './values.js';

interface SeenCall {
  readonly call: ToolCall;
  readonly node: Node;
  readonly startNs: bigint;
  answer: ToolResult | undefined;
}

/**
 * Tool steps for a trace whose emitter sends no tool spans: a step for each call in the model's messages, answered where a
 * later conversation of the same trace holds its result. Calls of earlier turns, which a conversation also repeats, are
 * none of this run. How long the tool took is not known and stands as 0.
 *
 * @param speakers - model nodes by start; agents where there are none
 */
export function stepsFromMessages(speakers: readonly Node[]): readonly Step[] {
  const seen = new Map<string, SeenCall[]>();
  for (const node of speakers) {
    const { inputMessages = [], outputMessages = [] } = node.fields;
    const { startNs, endNs } = node.span;
    // A conversation is repeated whole by each model span, so its n-th call of a key is always the same call.
    const positions = new Map<string, number>();
    const turn = currentTurn(inputMessages);
    for (const paired of pair(turn)) remember(seen, positions, { ...paired, node, startNs });
    if (turn.every((message) => message.toolCalls.length === 0)) answerInOrder(seen, turn);
    const doneNs = endNs > startNs ? endNs : startNs;
    for (const paired of pair(outputMessages)) remember(seen, positions, { ...paired, node, startNs: doneNs });
  }
  return [...seen.values()].flat().map(toStep).sort(byStart);
}

function remember(seen: Map<string, SeenCall[]>, positions: Map<string, number>, one: SeenCall): void {
  const { id = '', name, arguments: given } = one.call;
  const parsed = parseJson(given);
  const key = `${id}\n${name}\n${parsed === undefined ? given : canonicalJson(parsed)}`;
  const position = positions.get(key) ?? 0;
  positions.set(key, position + 1);
  const known = seen.get(key) ?? [];
  if (known.length === 0) seen.set(key, known);
  const found = known[position];
  if (found === undefined) known.push(one);
  else found.answer ??= one.answer;
}

/** Some emitters lose the calls of a conversation and the ids of its answers: these are then in the order of the calls. */
function answerInOrder(seen: ReadonlyMap<string, readonly SeenCall[]>, turn: readonly Message[]): void {
  const answers = turn.flatMap((message) => message.toolResults);
  if (answers.length === 0 || answers.some((answer) => answer.id !== undefined)) return;
  const calls = [...seen.values()].flat().filter(({ call }) => call.id === undefined);
  calls.sort((a, b) => (a.startNs < b.startNs ? -1 : Number(a.startNs > b.startNs)));
  for (const [i, one] of calls.entries()) one.answer ??= answers[i];
}

function currentTurn(messages: readonly Message[]): readonly Message[] {
  return messages.slice(messages.findLastIndex((message) => message.role === 'user') + 1);
}

function pair(
  messages: readonly Message[],
): readonly { readonly call: ToolCall; readonly answer: ToolResult | undefined }[] {
  const calls = messages.flatMap((message) => message.toolCalls);
  const answers = messages.flatMap((message) => message.toolResults);
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  return calls.map((call, i) => {
    const inOrder = answers[i];
    const matched = call.id === undefined ? undefined : byId.get(call.id);
    return { call, answer: matched ?? (call.id === undefined || inOrder?.id === undefined ? inOrder : undefined) };
  });
}

function toStep({ call, node, startNs, answer }: SeenCall): Step {
  return defined<Step>({
    kind: 'tool',
    name: call.name,
    spanId: node.span.spanId,
    parentSpanId: node.span.parentSpanId,
    arguments: call.arguments === '' ? undefined : call.arguments,
    result: answer?.text,
    error: answer?.failed === true ? (answer.text ?? 'tool failed') : undefined,
    durationMs: 0,
    startNs,
  });
}

/**
 * Puts back what a framework took apart: some hand a tool with one parameter its bare value, and their tool span shows
 * only that. The model's call shows the whole, when exactly that value is its one argument.
 */
export function withWholeArguments(steps: readonly Step[]): readonly Step[] {
  const whole = new Map<string, string>();
  return steps.map((step) => {
    for (const call of step.toolCalls ?? []) {
      const value = onlyValue(call.arguments);
      if (value !== undefined) whole.set(`${call.name}\n${value}`, call.arguments);
    }
    const found =
      step.kind === 'tool' && step.arguments !== undefined ? whole.get(`${step.name}\n${step.arguments}`) : undefined;
    return found === undefined ? step : { ...step, arguments: found };
  });
}

function onlyValue(json: string): string | undefined {
  const parsed = parseJson(json);
  if (!isStructure(parsed)) return undefined;
  const values = Object.values(parsed);
  const value = values.length === 1 ? values[0] : undefined;
  return isStructure(value) ? canonicalJson(value) : text(value);
}

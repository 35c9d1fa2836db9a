import type { Step, TokenCount, ToolCall } from '../core/trajectory.js';
import { finishReason } from './finish-reason.js';
import { lastText, openCalls } from './messages.js';
import type { Node } from './tree.js';
import { defined } from './values.js';

/**
 * The steps that spans show, by start.
 *
 * The root agent is the run itself and no step. A span of no kind is one only when it failed and nothing below it did:
 * else the failure is told already.
 *
 * @param ordered - parents before children, collapsed
 */
export function toSteps(ordered: readonly Node[], usage: ReadonlyMap<Node, TokenCount>): readonly Step[] {
  const failedBelow = new Set<Node>();
  for (const node of ordered.toReversed())
    if (
      node.parent !== undefined &&
      node.fields.aside !== true &&
      (node.fields.failure !== undefined || failedBelow.has(node))
    )
      failedBelow.add(node.parent);
  return ordered
    .filter((node) => isStep(node, node === ordered[0], failedBelow))
    .map((node) => toStep(node, usage.get(node)))
    .sort(byStart);
}

/** Orders steps by start; equal starts keep their order. */
export function byStart(a: Step, b: Step): number {
  return a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0;
}

/** Milliseconds between two times; 0 when the span had not ended or its clock ran backwards. */
export function elapsedMs(startNs: bigint, endNs: bigint): number {
  return endNs > startNs ? Number(endNs - startNs) / 1e6 : 0;
}

function isStep(node: Node, isRoot: boolean, failedBelow: ReadonlySet<Node>): boolean {
  if (node.absorbed) return false;
  if (node.kind === 'other') return !isRoot && node.fields.failure !== undefined && !failedBelow.has(node);
  return !(node.kind === 'agent' && isRoot);
}

function toStep(node: Node, tokens: TokenCount | undefined): Step {
  const { span, fields, kind } = node;
  return defined<Step>({
    kind,
    name: nameOf(node),
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    ...(kind === 'model' ? modelPart(node) : otherPart(node)),
    error: fields.failure,
    durationMs: elapsedMs(span.startNs, span.endNs),
    startNs: span.startNs,
    tokens,
  });
}

function nameOf({ span, fields, kind }: Node): string {
  const model = fields.responseModel ?? fields.requestModel;
  return (kind === 'model' || kind === 'embedding' ? model : fields.name) ?? span.name;
}

type Part = Pick<Step, 'arguments' | 'result' | 'toolCalls' | 'finishReason' | 'model'>;

function modelPart({ fields }: Node): Part {
  const calls: readonly ToolCall[] = openCalls(fields.outputMessages);
  const given = fields.inputMessages?.findLast((message) => message.role !== 'system' && message.role !== 'assistant');
  const answers = given?.toolResults.flatMap((result) => result.text ?? []) ?? [];
  const sent = fields.outputMessages?.find((message) => message.finishReason !== undefined)?.finishReason;
  return defined<Part>({
    arguments: given?.text ?? (answers.length > 0 ? answers.join('\n') : fields.inputText),
    result: fields.outputMessages === undefined ? fields.outputText : lastText(fields.outputMessages, 'assistant'),
    // Without messages it is not known what was called, which is not the same as nothing.
    toolCalls: fields.outputMessages === undefined ? undefined : calls,
    finishReason: finishReason(fields.finishReason ?? sent, calls.length > 0),
    model: fields.responseModel ?? fields.requestModel,
  });
}

function otherPart({ fields, kind }: Node): Part {
  if (kind !== 'agent' && kind !== 'other')
    return defined<Part>({ arguments: fields.arguments, result: fields.result });
  return defined<Part>({
    arguments: lastText(fields.inputMessages, 'user') ?? fields.inputText,
    result: lastText(fields.outputMessages, 'assistant') ?? fields.outputText,
  });
}

import { fill, type SpanFields } from './fields.js';
import type { Node } from './tree.js';

/**
 * Leaves one node for each thing that was done: instrumentations nest (an SDK's own span under a framework's), and a tool
 * call over MCP is up to three spans. A model span around several others becomes what it is, an agent.
 *
 * @param ordered - parents before children
 */
export function collapse(ordered: readonly Node[]): void {
  const hosts = findHosts(ordered);
  const nested = new Map<Node, Node[]>();
  for (const node of ordered.toReversed()) {
    if (node.absorbed) continue;
    const models = nested.get(node);
    const speaker = models === undefined ? node : settleModels(node, models);
    const host = hosts.get(node);
    if (host === undefined || host.kind !== node.kind) continue;
    if (node.kind === 'model') listOf(nested, host).push(speaker);
    else if (node.kind === 'embedding' || (node.kind === 'tool' && isSameToolCall(host, node))) absorb(host, node);
  }
}

function listOf<K, V>(lists: Map<K, V[]>, key: K): V[] {
  let list = lists.get(key);
  if (list === undefined) lists.set(key, (list = []));
  return list;
}

/** The nearest ancestor that does something itself; spans of no kind are looked through. */
function findHosts(ordered: readonly Node[]): ReadonlyMap<Node, Node> {
  const hosts = new Map<Node, Node>();
  for (const node of ordered) {
    const { parent } = node;
    if (parent === undefined) continue;
    const host = parent.kind === 'other' ? hosts.get(parent) : parent;
    if (host !== undefined) hosts.set(node, host);
  }
  return hosts;
}

/** @param inner - by falling start. @returns the node that speaks for the call from now on */
function settleModels(outer: Node, inner: readonly Node[]): Node {
  const [last] = inner;
  if (outer.fields.aroundModel === true && last !== undefined) {
    // Of several tries the last one gave the answer.
    lend(outer, last);
    return last;
  }
  const twin = inner.find((node) => isSameModelCall(outer.fields, node.fields, inner.length === 1));
  if (twin === undefined) outer.kind = 'agent';
  else absorb(outer, twin);
  return outer;
}

/** What the outer span says about messages is whole, so it goes before what the inner one has; the inner one stays. */
function lend(outer: Node, inner: Node): void {
  fill(outer.fields, inner.fields);
  Object.assign(inner.fields, outer.fields);
  outer.absorbed = true;
}

function absorb(outer: Node, inner: Node): void {
  fill(outer.fields, inner.fields);
  inner.absorbed = true;
}

/** By response id where both have one; else nothing that both say may differ, and a lack needs there to be no other twin. */
function isSameModelCall(outer: SpanFields, inner: SpanFields, isOnly: boolean): boolean {
  if (outer.responseId !== undefined && inner.responseId !== undefined) return outer.responseId === inner.responseId;
  const bothCounted = outer.inputTokens !== undefined && inner.inputTokens !== undefined;
  if (!bothCounted) return isOnly && sharesModel(outer, inner);
  const sameTokens = outer.inputTokens === inner.inputTokens && outer.outputTokens === inner.outputTokens;
  return sameTokens && sharesModel(outer, inner);
}

function sharesModel(a: SpanFields, b: SpanFields): boolean {
  const names = [a.responseModel, a.requestModel].filter((name) => name !== undefined);
  const others = [b.responseModel, b.requestModel].filter((name) => name !== undefined);
  return names.length === 0 || others.length === 0 || names.some((name) => others.includes(name));
}

/** A tool may well call itself, so only one call id, MCP, or the same arguments make two nested spans one call. */
function isSameToolCall(outer: Node, inner: Node): boolean {
  const [a, b] = [outer.fields, inner.fields];
  if (a.callId !== undefined && b.callId !== undefined) return a.callId === b.callId;
  if (a.name !== undefined && b.name !== undefined && a.name !== b.name) return false;
  return a.mcp === true || b.mcp === true || (a.arguments !== undefined && a.arguments === b.arguments);
}

import type { Span } from '../core/span.js';
import type { Step, ToolDefinition, Trajectory } from '../core/trajectory.js';
import { collapse } from './collapse.js';
import { contentSwitch } from './content-switch.js';
import { finalText, firstAsked, hasMessageText, instructionsOf } from './content.js';
import type { MutableFields } from './fields.js';
import { settleEvents } from './settle-events.js';
import { byStart, elapsedMs, toSteps } from './steps.js';
import { DIALECT_NAMES, readSpan } from './table.js';
import { stepsFromMessages, withWholeArguments } from './tool-calls.js';
import { addTools } from './tool-definitions.js';
import { compareSpans, plant, uniqueByStart, type Node } from './tree.js';
import { countedUsage, totalUsage } from './usage.js';
import { defined, text } from './values.js';

/** What the spans themselves do not say. */
export interface ReadContext {
  readonly tenant: string;
}

/**
 * Reads the spans of one trace, in any order and any mix of dialects, into one trajectory. Gives the same for spans read
 * from OTLP and from rows, where all attribute values are strings. Linear in spans and their bytes.
 *
 * @param spans - of one trace, at least one; a span that came twice counts once
 * @throws {RangeError} when there are no spans
 */
export function readTrajectory(spans: readonly Span[], context: ReadContext): Trajectory {
  const contributed = new Set<string>();
  const nodes = plant(settleEvents(uniqueByStart(spans)).map((span) => toNode(span, contributed)));
  const root = nodes[0];
  if (root === undefined) throw new RangeError('expected the spans of one trace, got none');
  setAside(nodes);
  collapse(nodes);
  const usage = countedUsage(nodes);
  const live = nodes.filter((node) => !node.absorbed);
  const models = live.filter((node) => node.kind === 'model').sort((a, b) => compareSpans(a.span, b.span));
  const speakers = models.length > 0 ? models : live.filter((node) => node.kind === 'agent');
  const steps = allSteps(toSteps(nodes, usage), speakers);
  const input = firstOf(live, 'runInput') ?? firstAsked(live, models);
  const output = firstOf(live, 'runOutput') ?? finalText(live, models);
  const hasContent = input !== undefined || output !== undefined || live.some(hasMessageText);
  const dialects = DIALECT_NAMES.filter((name) => contributed.has(name));
  return defined<Trajectory>({
    tenant: context.tenant,
    traceId: root.span.traceId,
    ...readResource(nodes),
    instructions: instructionsOf(live, models),
    input,
    output,
    ...readModel(live, models),
    tokens: totalUsage(usage.values()),
    finishReason: steps.findLast((step) => step.finishReason !== undefined)?.finishReason,
    sessionId: firstOf(nodes, 'sessionId'),
    userId: firstOf(nodes, 'userId'),
    error: root.fields.failure,
    steps,
    tools: readTools(live),
    dialects,
    hasContent,
    contentSwitch: hasContent
      ? undefined
      : contentSwitch(
          live.map((node) => node.span),
          dialects,
        ),
    onlyEvaluations: live.length === 0 ? true : undefined,
    spanCount: nodes.length,
    durationMs: durationOf(live.length > 0 ? live : nodes, root.span),
  });
}

function toNode(span: Span, contributed: Set<string>): Node {
  const fields: MutableFields = { ...readSpan(span, contributed) };
  return { span, fields, kind: fields.kind ?? 'other', parent: undefined, children: [], depth: 0, absorbed: false };
}

/** Takes evaluations of the run out of it, with all that was done for them. */
function setAside(ordered: readonly Node[]): void {
  for (const node of ordered) {
    if (node.fields.aside !== true && node.parent?.fields.aside !== true) continue;
    node.fields.aside = true;
    node.absorbed = true;
  }
}

function allSteps(fromSpans: readonly Step[], speakers: readonly Node[]): readonly Step[] {
  if (fromSpans.some((step) => step.kind === 'tool')) return withWholeArguments(fromSpans);
  const calls = stepsFromMessages(speakers);
  // Calls first: one that starts with a model step was answered in what that step was given.
  return calls.length === 0 ? fromSpans : [...calls, ...fromSpans].sort(byStart);
}

function readResource(nodes: readonly Node[]): Pick<Trajectory, 'service' | 'release' | 'environment'> {
  const find = (...keys: readonly string[]): string => {
    for (const { span } of nodes)
      for (const key of keys) {
        const value = text(span.resource.get(key));
        if (value !== undefined) return value;
      }
    return '';
  };
  return {
    service: find('service.name'),
    release: find('service.version') || (firstOf(nodes, 'release') ?? ''),
    environment: find('deployment.environment.name', 'deployment.environment') || (firstOf(nodes, 'environment') ?? ''),
  };
}

function readModel(live: readonly Node[], models: readonly Node[]): Pick<Trajectory, 'model' | 'provider'> {
  const agents = live.filter((node) => node.kind === 'agent');
  const speakers = [...models, ...agents, ...live];
  return defined<Pick<Trajectory, 'model' | 'provider'>>({
    model: firstOf(models, 'responseModel') ?? firstOf(speakers, 'responseModel') ?? firstOf(speakers, 'requestModel'),
    provider: firstOf(speakers, 'provider'),
  });
}

type Named =
  | 'runInput'
  | 'runOutput'
  | 'release'
  | 'environment'
  | 'sessionId'
  | 'userId'
  | 'responseModel'
  | 'requestModel'
  | 'provider';

function firstOf(nodes: readonly Node[], key: Named): string | undefined {
  for (const node of nodes) if (node.fields[key] !== undefined) return node.fields[key];
  return undefined;
}

function readTools(live: readonly Node[]): readonly ToolDefinition[] {
  const tools = new Map<string, ToolDefinition>();
  for (const { fields } of live) if (fields.tools !== undefined) addTools(tools, fields.tools);
  return [...tools.values()];
}

/** Of the root when it is a true one that has ended, else from the first start to the last end. */
function durationOf(nodes: readonly Node[], root: Span): number {
  if (root.parentSpanId === '' && root.endNs > root.startNs) return elapsedMs(root.startNs, root.endNs);
  let [start, end] = [root.startNs, root.endNs];
  for (const { span } of nodes) {
    if (span.startNs < start) start = span.startNs;
    if (span.endNs > end) end = span.endNs;
  }
  return elapsedMs(start, end);
}

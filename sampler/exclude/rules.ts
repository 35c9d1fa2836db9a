import { attributeText } from '../../core/attribute-text.js';
import { isOwnSpan } from '../../core/own-spans.js';
import type { Span } from '../../core/span.js';
import type { Trajectory } from '../../core/trajectory.js';
import type { ExcludeConfig } from '../config.js';
import { isHealthCheck } from './health-check.js';
import { matchesWildcard } from './wildcard.js';

const MAX_TOLD_LENGTH = 80;

/**
 * Why a trace is excluded by what its spans say of themselves, read before its trajectory is; undefined when it is not.
 *
 * A service, or an attribute of the resource, is the same in all spans of a process. A name, or an attribute of the span, is
 * only looked at in a true root: of a trace that lost its root, whichever span came first would decide.
 *
 * @param root - the root, else the span that started first
 */
export function excludedByRule(spans: readonly Span[], root: Span, config: ExcludeConfig): string | undefined {
  if (spans.some(isOwnSpan)) return "Assay's own spans are never judged";
  const service = attributeText(root.resource.get('service.name') ?? '');
  if (config.services.some((pattern) => matchesWildcard(pattern, service)))
    return `the service ${told(service)} is named in sampler.exclude.services`;
  if (isTrueRoot(root) && config.spanNames.some((pattern) => matchesWildcard(pattern, root.name)))
    return `its root span ${told(root.name)} is named in sampler.exclude.spanNames`;
  const key = Object.keys(config.attributes).find((name) => hasAttribute(root, name, String(config.attributes[name])));
  return key === undefined
    ? undefined
    : `its root has the attribute ${told(key)} that is named in sampler.exclude.attributes`;
}

/** Why a trace is excluded that is no run: what it says is about another, and is shown there. */
export function excludedAsFeedback({ onlyEvaluations }: Pick<Trajectory, 'onlyEvaluations'>): string | undefined {
  return onlyEvaluations === true ? 'it holds nothing but evaluations of a run, and is none' : undefined;
}

/** Why a trace is excluded as a health check, which it is only when no step of an agent is in it. */
export function excludedAsHealthCheck(
  root: Span,
  { steps }: Pick<Trajectory, 'steps'>,
  config: ExcludeConfig,
): string | undefined {
  if (!config.healthChecks || !isTrueRoot(root) || !isHealthCheck(root)) return undefined;
  if (steps.some(({ kind }) => kind !== 'other')) return undefined;
  return `its root span ${told(root.name)} is a health check (sampler.exclude.healthChecks)`;
}

function isTrueRoot({ parentSpanId }: Span): boolean {
  return parentSpanId === '';
}

function hasAttribute(root: Span, key: string, pattern: string): boolean {
  const own = isTrueRoot(root) ? root.attributes.get(key) : undefined;
  const values = [own, root.resource.get(key)];
  return values.some((value) => value !== undefined && matchesWildcard(pattern, attributeText(value)));
}

function told(text: string): string {
  return JSON.stringify(text.length <= MAX_TOLD_LENGTH ? text : `${text.slice(0, MAX_TOLD_LENGTH)}…`);
}

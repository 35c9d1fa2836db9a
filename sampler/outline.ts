import { attributeText } from '../core/attribute-text.js';
import type { Span } from '../core/span.js';
import type { Trajectory } from '../core/trajectory.js';

/**
 * What a decision says of a trace that is not read: an excluded one, or one that breaks its reader.
 * @param root - the root, else the span that started first
 */
export function outlineOf(spans: readonly Span[], root: Span, tenant: string): Trajectory {
  const text = (...keys: readonly string[]): string =>
    keys.map((key) => attributeText(root.resource.get(key) ?? '')).find((value) => value !== '') ?? '';
  return {
    tenant,
    traceId: root.traceId,
    service: text('service.name'),
    release: text('service.version'),
    environment: text('deployment.environment.name', 'deployment.environment'),
    steps: [],
    tools: [],
    dialects: [],
    hasContent: false,
    spanCount: spans.length,
    durationMs: root.endNs > root.startNs ? Number(root.endNs - root.startNs) / 1e6 : 0,
  };
}

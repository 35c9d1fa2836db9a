import type { SpanArchive } from '../core/archive.js';
import type { Clock } from '../core/clock.js';
import type { CriterionRule } from '../core/criterion-rule.js';
import type { Evidence } from '../core/evidence.js';
import type { Log } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import type { Span } from '../core/span.js';
import type { State } from '../core/state.js';
import type { Trajectory } from '../core/trajectory.js';

/** What the sampler works with. */
export interface SamplerDeps {
  readonly log: Log;
  /** The sampler's own: index of decided traces, policies, salt. */
  readonly state: State;
  /** Where the earlier spans of a trace that grew are read back from. */
  readonly archive: SpanArchive;
  readonly readTrajectory: (spans: readonly Span[], context: { readonly tenant: string }) => Trajectory;
  readonly renderEvidence: (trajectory: Trajectory) => { readonly evidence: Evidence; readonly tokens: number };
  readonly criteria: readonly CriterionRule[];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The salt of a tenant; when left out it is derived from the configured or the kept one. */
  readonly salt?: (tenant: string) => string;
}

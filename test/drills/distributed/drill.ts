import type { Broker } from '../../services/kafka/broker.js';
import type { Claim } from '../../soak/oracle.js';
import type { Counts, FleetRole } from './fleet.js';

/** `full` has the lengths that are asked for, `short` the same faults for seconds. */
export type Form = 'full' | 'short';

/** What every drill is handed. */
export interface DrillDeps {
  readonly broker: Broker;
  readonly form: Form;
  /** Processes of each role. */
  readonly counts: Counts;
  readonly spansPerSecond: number;
  readonly seed: string;
  /** Told of progress, a line at a time. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Numbers of a drill that go into its report. */
export interface Findings {
  readonly spans: { readonly sent: number; readonly acknowledged: number; readonly stored: number };
  /** Rows of assay_spans beyond one a span. */
  readonly duplicates: number;
  /** Rows of otel_traces beyond one a span, which are allowed: a span that came twice lies there twice. */
  readonly rawDuplicates: number;
  readonly ledger: string;
  /** Most RssAnon of any process of the role, in MiB. */
  readonly mostMib: Readonly<Record<FleetRole, number>>;
}

/** What came of one drill. */
export interface DrillResult extends Findings {
  /** What was done, in a sentence or two. */
  readonly did: string;
  readonly claims: readonly Claim[];
}

/** A fault that is injected on purpose, and what must hold then. */
export interface Drill {
  /** As `--only` names it. */
  readonly name: string;
  readonly title: string;
  run(deps: DrillDeps): Promise<DrillResult>;
}

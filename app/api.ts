import type { AdversarialQueries } from './adversarial/api.js';
import type { AlarmQueries } from './alarms/api.js';
import type { CellFilter, ReleaseCells, Slice } from '../core/cell.js';
import type { DecisionOutcome, SettledCriterion, Stratum } from '../core/decision.js';
import type { FeedbackSource } from '../core/feedback.js';
import type { Finding } from '../core/finding.js';
import type { Coverage, LedgerOutcome } from '../core/ledger-outcome.js';
import type { StepKind, TokenCount } from '../core/trajectory.js';
import type { VerdictOutcome, Vote } from '../core/verdict.js';
import type { CorrectedRate } from '../gates/index.js';
import type { Erased, EraseRequest } from '../store/index.js';
import type { LabelCalls } from './labels/api.js';

export type { Coverage, LedgerOutcome } from '../core/ledger-outcome.js';
export type { EraseRequest } from '../store/index.js';

/** The answer of `assay why --json`. */
export interface Why {
  readonly traceId: string;
  readonly tenant: string;
  readonly service: string;
  readonly release: string;
  readonly complete: boolean;
  readonly version: number;
  /** The one final outcome, or `open` or `pending`. */
  readonly outcome: LedgerOutcome;
  readonly trajectory: WhyTrajectory;
  readonly findings: readonly WhyFinding[];
  /** Null while the trace is open. */
  readonly decision: WhyDecision | null;
  readonly verdicts: readonly WhyVerdict[];
  /** What users, annotators and other evaluators said of it; none of it is a verdict of Assay's. */
  readonly feedback: readonly WhyFeedback[];
}

export interface WhyFeedback {
  readonly name: string;
  readonly score: number | null;
  readonly label: string | null;
  readonly explanation: string | null;
  readonly source: FeedbackSource;
  /** Null when it is about the whole trace. */
  readonly spanId: string | null;
  /** ISO 8601. */
  readonly at: string;
}

/** A finding as `why` tells it. */
export interface WhyFinding extends Omit<Finding, 'spanId'> {
  /** Null when it is about the whole trace. */
  readonly spanId: string | null;
}

/** Every field is there; null when no emitter sent it. */
export interface WhyTrajectory {
  readonly input: string | null;
  readonly output: string | null;
  readonly model: string | null;
  readonly provider: string | null;
  readonly tokens: TokenCount | null;
  readonly finishReason: string | null;
  readonly sessionId: string | null;
  readonly userId: string | null;
  readonly error: string | null;
  readonly durationMs: number;
  readonly spanCount: number;
  readonly dialects: readonly string[];
  /** Of a trace without message text, how its emitter is told to send it. */
  readonly contentSwitch: string | null;
  readonly steps: readonly WhyStep[];
}

export interface WhyStep {
  readonly kind: StepKind;
  readonly name: string;
  readonly arguments: string | null;
  /** Of a model that answered without text, the calls that it asked for, such as `get_weather({"location":"Paris"})`. */
  readonly result: string | null;
  readonly error: string | null;
  readonly durationMs: number;
}

export interface WhyDecision {
  readonly suspicion: number;
  readonly stratum: Stratum;
  readonly pi: number;
  readonly g: number;
  readonly outcome: DecisionOutcome;
  readonly reason: string;
  readonly policyVersion: number;
  readonly completeness: string;
  readonly settled: readonly SettledCriterion[];
  readonly audit: boolean;
  /** Bus time, ISO 8601. */
  readonly firstSeenAt: string;
  readonly decidedAt: string;
  readonly wholeAfterMs: number;
}

/** A vote, its cost in dollars. */
export interface WhyVote extends Omit<Vote, 'costMicroUsd' | 'reason' | 'confirms'> {
  readonly costUsd: number;
  /** Why an `error` or `abstain` is one; null otherwise. */
  readonly reason: string | null;
  /** Of the second judge, which was asked whether a fail of the first one is one. */
  readonly confirms: boolean;
}

export interface WhyVerdict {
  readonly criterion: string;
  readonly outcome: VerdictOutcome;
  /** Share of the votes that agree with the outcome, in [0, 1]; what each judge says of its own certainty is in its vote. */
  readonly confidence: number;
  readonly votes: readonly WhyVote[];
  readonly quotes: readonly string[];
  readonly explanation: string;
  readonly reason: string;
  readonly model: string;
  readonly provider: string;
  readonly rubricVersion: string;
  readonly judgeHash: string;
  readonly fromCache: boolean;
  /** Of a hit of the cache that was judged all the same, whether the cache had said so too; null when it was none. */
  readonly cacheAudit: 'agreed' | 'flipped' | null;
  readonly audit: boolean;
  /** Asked for with `assay judge`. Such a verdict enters no rate. */
  readonly byHand: boolean;
  /** The first judge failed it, the second one passed it. */
  readonly disputed: boolean;
  readonly costUsd: number;
  readonly judgedAt: string;
}

/** The answer of `assay report --json`. Rates and interval bounds are in [0, 1], or null when nothing supports one. */
export interface Report {
  /** What traces are told apart by. */
  readonly by: Slice;
  /** From when on they were first seen, ISO 8601; null for all. */
  readonly since: string | null;
  readonly releases: readonly ReleaseReport[];
  readonly coverage: Coverage;
  readonly incomplete: number;
  /** Answers from the cache that a judge was asked for all the same. */
  readonly cacheAudits: { readonly agreed: number; readonly flipped: number };
  readonly spend: {
    readonly usd: number;
    readonly judgeAllUsd: number;
    readonly lostUsd: number;
    readonly calls: number;
    /** Most votes a criterion, with which `judgeAllUsd` is reckoned: the setting `judges.votes`. */
    readonly votes?: number;
  };
}

/** Which traffic is reported, and how it is told apart. */
export type ReportRequest = Pick<CellFilter, 'by' | 'sinceMs'>;

export interface RateReport {
  readonly passRate: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  /** The plain mean over judged traces, as most tools show it: biased, for comparison only. */
  readonly naiveMean: number | null;
  /** The rate that people would tell if they had looked at everything; null where labels do not allow it. */
  readonly corrected: CorrectedReport | null;
  /** By how much traces of the same session widen the variance; 1 while they go their own ways. It is in the interval. */
  readonly sessionEffect: number;
  /** Share of the traffic without a pass or a fail, by weight: sampled out, waiting, or without an answer. */
  readonly notJudgedShare: number;
  /** Share of the selected that no judge answered. */
  readonly unansweredShare: number;
  /** Bounds when unanswered traces all failed or all passed; only when their share is above 5 %. */
  readonly worstCase?: readonly [low: number, high: number];
  /** Strata with traces and no verdict: they contribute [0, 1]. */
  readonly emptyStrata: readonly Stratum[];
}

/** A corrected rate with what it rests on. */
export interface CorrectedReport extends Omit<CorrectedRate, 'oldestLabelMs' | 'newestLabelMs'> {
  /** When the labels were given, ISO 8601. */
  readonly oldestLabelAt: string;
  readonly newestLabelAt: string;
}

/** How often a trace fails that neither a check nor a judge flagged, by the random audit. */
export interface UnflaggedReport {
  readonly traces: number;
  readonly labels: number;
  /** Null while none was labelled; so is the interval. */
  readonly failRate: number | null;
  readonly interval: readonly [low: number, high: number] | null;
}

export interface ReleaseReport extends RateReport {
  readonly service: string;
  /** Empty where traces are not told apart by release. */
  readonly release: string;
  /** The value of what traces are told apart by; the release where it is that. */
  readonly slice: string;
  /** Null where traces are told apart by criterion. */
  readonly unflagged: UnflaggedReport | null;
  readonly traces: number;
  /** Traces with a pass or fail from a judge, audits not counted. */
  readonly judged: number;
  readonly settled: number;
  readonly suspected: number;
  readonly criteria: readonly (RateReport & { readonly criterion: string; readonly judged: number })[];
}

/** A line of `assay traces`. */
export interface TraceRow {
  readonly traceId: string;
  readonly tenant: string;
  readonly service: string;
  readonly release: string;
  /** Bus time of the first record, ISO 8601. */
  readonly firstSeenAt: string;
  readonly durationMs: number;
  readonly outcome: LedgerOutcome;
  /** Pass or fail of the whole trace; null when unresolved. */
  readonly passed: boolean | null;
  readonly stratum: Stratum | null;
  readonly suspicion: number;
  readonly findings: readonly string[];
  /** What the judge or the check said of it; of a trace without an answer, what the decision says. */
  readonly reason: string;
}

export interface TraceFilter {
  readonly only?: 'failed' | 'suspected' | 'unjudged' | 'errors' | 'excluded';
  readonly release?: string;
  readonly limit: number;
}

/** Counts of the running process, for a live panel. */
export interface Status {
  readonly spansReceived: number;
  readonly tracesDecided: number;
  readonly tracesSuspected: number;
  readonly tracesSettled: number;
  readonly tracesJudged: number;
  readonly judgementsWaiting: number;
  readonly spentUsd: number;
  readonly judgeAllUsd: number;
}

/** The prompt that a judge would be sent for a trace, without sending it. */
export interface PromptRow {
  readonly traceId: string;
  readonly service: string;
  readonly release: string;
  readonly settled: readonly SettledCriterion[];
  readonly prompts: readonly { readonly criterion: string; readonly system: string; readonly user: string }[];
}

/** What `assay judge` is asked for beside the trace. */
export interface JudgeRequest {
  /** The criterion; all that apply when it is left out. */
  readonly rubric?: string;
  /** Where the caller's own rubrics lie, absolute. */
  readonly rubricsDirectory?: string;
  /** Asks the model even where the cache knows the answer. */
  readonly fresh?: boolean;
}

/** What judging a trace would send and cost. Nothing was sent. */
export interface JudgePreview {
  readonly traceId: string;
  /** Null when no judge model is configured. */
  readonly model: PreviewedModel | null;
  /** Who would be asked about a fail; null when nobody would be, of such a trace or at all. */
  readonly confirm: PreviewedModel | null;
  readonly prompts: readonly PreviewedPrompt[];
}

export interface PreviewedModel {
  readonly provider: string;
  readonly name: string;
  /** Version of the table that its price comes from. */
  readonly price: string;
}

export interface PreviewedPrompt {
  readonly criterion: string;
  readonly rubricVersion: string;
  /** False when the criterion is not one for such a trace: the flow would not ask it. */
  readonly applies: boolean;
  readonly system: string;
  readonly user: string;
  /** Estimated at four characters a token. */
  readonly inputTokens: number;
  readonly maxOutputTokens: number;
  /** Most calls: votes until one side has the majority. */
  readonly votes: number;
  /** Of one call: at list price for the estimate, and the most that the budget reserves. Null without a model. */
  readonly costUsd: number | null;
  readonly worstCaseUsd: number | null;
  /** Of the one call more that a fail would take; null when nobody is asked about it. */
  readonly confirm: { readonly costUsd: number; readonly worstCaseUsd: number } | null;
}

/** How a rubric's own examples came out. */
export interface RubricTest {
  readonly rubric: string;
  readonly version: string;
  readonly provider: string;
  readonly model: string;
  readonly results: readonly RubricTestResult[];
  readonly right: number;
  readonly wrong: number;
  /** Examples that the judge did not answer with pass or fail although one was expected. */
  readonly errors: number;
  readonly costUsd: number;
}

export interface RubricTestResult {
  readonly example: string;
  readonly expected: string;
  readonly got: string;
  /** In the judge's words. */
  readonly reason: string;
  readonly costUsd: number;
}

/** What `assay erase` erased, or would erase. */
export interface ErasedTraces extends Erased {
  readonly dryRun: boolean;
  /** Of the judge's journal and of its cache; null in a dry run. */
  readonly judgeEntries: number | null;
}

/** What the commands ask of a running Assay, or of a data directory when none runs. */
export interface AssayQueries extends AlarmQueries, AdversarialQueries, LabelCalls {
  /** @throws {PipelineError} TRACE_UNKNOWN */
  why(traceId: string): Promise<Why>;
  traces(filter: TraceFilter): Promise<readonly TraceRow[]>;
  report(request?: ReportRequest): Promise<Report>;
  /** The counts that rates are computed from, by service, release and criterion. */
  releaseCells(): Promise<readonly ReleaseCells[]>;
  /** Ordered by trace id, at most 50 at a time whatever the limit; give the last one to go on. None are left when it is empty. */
  prompts(afterTraceId: string, limit: number): Promise<readonly PromptRow[]>;
  /** Judges a trace now, by hand: what is answered is stored, and enters no rate. @throws {PipelineError} TRACE_UNKNOWN, RUBRIC_INVALID */
  judge(traceId: string, request: JudgeRequest): Promise<readonly WhyVerdict[]>;
  /** @throws {PipelineError} TRACE_UNKNOWN, RUBRIC_INVALID, MODEL_UNPRICED */
  preview(traceId: string, request: JudgeRequest): Promise<JudgePreview>;
  /** Erases the content of traces wherever Assay keeps it. @throws {PipelineError} TRACE_UNKNOWN */
  erase(request: EraseRequest): Promise<ErasedTraces>;
  /** @throws {PipelineError} RUBRIC_INVALID */
  testRubric(name: string, request: Pick<JudgeRequest, 'rubricsDirectory'>): Promise<RubricTest>;
}

/** An Assay that runs in this process. */
export interface RunningAssay {
  /** Such as `http://127.0.0.1:4318`. */
  readonly url: string;
  /** Where OTLP over gRPC is taken, such as `http://127.0.0.1:4317`; left out where that is off. */
  readonly grpcUrl?: string;
  /** Where /healthz, /readyz and /metrics have a port of their own. */
  readonly healthUrl?: string;
  readonly dataDirectory: string;
  readonly queries: AssayQueries;
  status(): Promise<Status>;
  /** Resolves when nothing is open, waiting or unwritten any more. */
  settled(signal: AbortSignal): Promise<void>;
  /** Drains and stops. Safe twice. */
  stop(): Promise<void>;
}

import type { AdversarialCase } from '../../core/adversarial-case.js';
import type { VerdictOutcome } from '../../core/verdict.js';
import type { FloorRun, FloorState } from '../../gates/index.js';

/** A case as somebody adds it. Either `input` or `traceId` says what the agent is asked. */
export interface GivenCase {
  /** The trace that it comes from: an id, or the beginning of one. Its request is copied unless `input` is given. */
  readonly traceId?: string;
  readonly input?: string;
  readonly criterion?: string;
  readonly contains?: string;
  readonly lacks?: string;
  readonly matches?: string;
  readonly pattern?: string;
  readonly note?: string;
  /** Of the settings when it is left out; the trace's own where there is one. */
  readonly tenant?: string;
}

/** What became of cases that were added. */
export interface AddedCases {
  /** In the order given. */
  readonly caseIds: readonly string[];
  /** How many of them the set had already. */
  readonly known: number;
}

/** An answer of an agent, for a judge. */
export interface AnswerToJudge {
  readonly criterion: string;
  readonly input: string;
  readonly output: string;
}

/** What a judge said of it. */
export interface JudgedAnswer {
  readonly outcome: VerdictOutcome;
  readonly explanation: string;
  readonly reason: string;
}

/** What may be asked of the adversarial set. */
export interface AdversarialQueries {
  /**
   * The set, in the order in which it grew. What was flagged without a text has the request of its trace as its input, and an empty
   * one where that trace is gone.
   */
  cases(): Promise<readonly AdversarialCase[]>;
  /** @throws {PipelineError} TRACE_UNKNOWN; CONFIG_INVALID where a case asks nothing, or its regular expression is none */
  addCases(cases: readonly GivenCase[], addedBy: string): Promise<AddedCases>;
  /** Judges an answer that is of no trace. @throws {PipelineError} RUBRIC_INVALID */
  judgeAnswer(answer: AnswerToJudge, request: { readonly rubricsDirectory?: string }): Promise<JudgedAnswer>;
  /** Tells the gate how a release did on the whole set: it raises the alarm of the floor, or takes it back. */
  floorRun(run: FloorRun): Promise<void>;
}

/** How one case of a run came out. Only pass and fail count. */
export type CaseOutcome = 'pass' | 'fail' | 'unanswered' | 'unjudged';

export interface CaseResult {
  readonly caseId: string;
  readonly outcome: CaseOutcome;
  /** In a few words, for people. */
  readonly reason: string;
  readonly latencyMs: number;
}

/** The answer of `assay adversarial run --json`. */
export interface RunReport {
  readonly endpoint: string;
  readonly state: FloorState;
  /** True when no case had an answer of any kind. */
  readonly unreachable: boolean;
  readonly floor: number;
  readonly passed: number;
  readonly failed: number;
  readonly unanswered: number;
  readonly unjudged: number;
  /** Exact one-sided 95 % bound of the pass rate. */
  readonly lowerBound: number;
  /** What the bets against the set have made of 1; broken from 20 on. */
  readonly evidence: number;
  /** Passes in a row after which it would be held; null where it is broken. */
  readonly passesNeeded: number | null;
  readonly cases: readonly CaseResult[];
}

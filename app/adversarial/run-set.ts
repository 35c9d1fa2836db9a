import type { AdversarialCase } from '../../core/adversarial-case.js';
import type { Fetch } from '../../core/post.js';
import { createFloorTest, updateFloorTest, type FloorTest } from '../../gates/index.js';
import { askAgent } from './agent-endpoint.js';
import type { AnswerToJudge, CaseResult, JudgedAnswer, RunReport } from './api.js';
import { expectsText, wrongIn } from './expectation.js';

export interface RunOptions {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Requests that are open at once. */
  readonly concurrency: number;
  /** Longest wait for one answer. */
  readonly timeoutMs: number;
  /** Least pass rate, in (0.58, 1). */
  readonly floor: number;
}

export interface RunDeps {
  readonly fetch: Fetch;
  readonly nowMs: () => number;
  /** Ends the run: what was not asked yet is unanswered. */
  readonly signal: AbortSignal;
  readonly judge: (answer: AnswerToJudge) => Promise<JudgedAnswer>;
  readonly progress: (done: number, all: number) => void;
}

/** Most passes that are looked for. */
const MOST_PASSES = 10_000;

/** Sends every case to an agent, each once, and tells whether the floor holds. */
export async function runSet(
  cases: readonly AdversarialCase[],
  options: RunOptions,
  deps: RunDeps,
): Promise<RunReport> {
  const results: CaseResult[] = [];
  let outOfReach = 0;
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < cases.length; at = next++) {
      const { result, isOutOfReach } = await runCase(cases[at]!, options, deps);
      results[at] = result;
      outOfReach += Number(isOutOfReach);
      deps.progress((done += 1), cases.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.concurrency, cases.length) }, worker));
  const test = testOf(results, options.floor);
  const count = (outcome: CaseResult['outcome']): number => results.filter((one) => one.outcome === outcome).length;
  return {
    endpoint: options.endpoint,
    state: test.state,
    unreachable: outOfReach > 0 && count('pass') + count('fail') + count('unjudged') === 0,
    floor: options.floor,
    ...{ passed: test.passed, failed: test.failed, unanswered: count('unanswered'), unjudged: count('unjudged') },
    lowerBound: test.lowerBound,
    evidence: Math.exp(test.peakLogEvidence),
    passesNeeded: passesUntilHeld(test),
    cases: results,
  };
}

async function runCase(
  one: AdversarialCase,
  { endpoint: url, headers, timeoutMs }: RunOptions,
  deps: RunDeps,
): Promise<{ readonly result: CaseResult; readonly isOutOfReach: boolean }> {
  const { caseId, input } = one;
  const beganMs = deps.nowMs();
  const result = (outcome: CaseResult['outcome'], reason: string, isOutOfReach = false) => ({
    result: { caseId, outcome, reason, latencyMs: deps.nowMs() - beganMs },
    isOutOfReach,
  });
  if (input === '') return result('unanswered', 'nothing to ask: its trace is gone, or held no request');
  const answer = await askAgent({ url, caseId, input, headers, timeoutMs }, deps);
  if (answer.status === 'unanswered') return result('unanswered', answer.reason, answer.outOfReach);
  const { outcome, reason } = await judge(one, answer.output, deps);
  return result(outcome, reason);
}

async function judge(
  one: AdversarialCase,
  output: string,
  deps: RunDeps,
): Promise<Pick<CaseResult, 'outcome' | 'reason'>> {
  if (expectsText(one)) {
    const wrong = wrongIn(output, one);
    return wrong === undefined ? { outcome: 'pass', reason: '' } : { outcome: 'fail', reason: wrong };
  }
  const { criterion, input } = one;
  if (criterion === '') return { outcome: 'unjudged', reason: 'neither an expectation nor a criterion' };
  try {
    const verdict = await deps.judge({ criterion, input, output });
    const reason = verdict.explanation === '' ? verdict.reason : verdict.explanation;
    const { outcome } = verdict;
    return { outcome: outcome === 'pass' || outcome === 'fail' ? outcome : 'unjudged', reason };
  } catch (error) {
    return { outcome: 'unjudged', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** In the order of the set: a set that was broken on the way stays so. */
function testOf(results: readonly CaseResult[], floor: number): FloorTest {
  let test = createFloorTest({ floor });
  for (const { outcome } of results) {
    if (outcome !== 'pass' && outcome !== 'fail') continue;
    test = updateFloorTest(test, { passed: Number(outcome === 'pass'), failed: Number(outcome === 'fail') });
  }
  return test;
}

function passesUntilHeld(test: FloorTest): number | null {
  if (test.state === 'broken') return null;
  const isHeld = (passed: number): boolean => updateFloorTest(test, { passed, failed: 0 }).state === 'held';
  if (isHeld(0)) return 0;
  let [low, high] = [0, MOST_PASSES];
  if (!isHeld(high)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (isHeld(middle)) high = middle;
    else low = middle;
  }
  return high;
}

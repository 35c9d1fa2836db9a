import type { AssayQueries, PromptRow } from '../app/index.js';
import { scriptedVerdict } from './scripted-model/index.js';

/** What judging every trace of a release would have said. */
export interface ShadowCount {
  readonly passed: number;
  readonly failed: number;
  /** No majority for pass or fail. */
  readonly unresolved: number;
}

const PAGE = 50;
const MOST_VOTES = 3;
const MAJORITY = 2;

/**
 * Judges all traces beside the pipeline: checks first, then up to three votes of the scripted judge on the prompt that
 * Assay would send. No call leaves the process and nothing is charged.
 *
 * @param seed - of the scripted model, so that the votes are those that the server would have given
 * @returns by release
 */
export async function judgeEverything(
  queries: Pick<AssayQueries, 'prompts'>,
  seed: number,
): Promise<ReadonlyMap<string, ShadowCount>> {
  const counts = new Map<string, { passed: number; failed: number; unresolved: number }>();
  let after = '';
  for (;;) {
    const rows = await queries.prompts(after, PAGE);
    for (const row of rows) {
      const count = counts.get(row.release) ?? { passed: 0, failed: 0, unresolved: 0 };
      count[judgeTrace(row, seed)] += 1;
      counts.set(row.release, count);
    }
    const last = rows.at(-1);
    if (!last) return counts;
    after = last.traceId;
  }
}

/** A trace fails when any criterion fails, and passes when all pass. */
export function judgeTrace(row: PromptRow, seed: number): keyof ShadowCount {
  const settled = new Map(row.settled.map(({ criterion, outcome }) => [criterion, outcome]));
  const outcomes = row.prompts.map((prompt) => settled.get(prompt.criterion) ?? majority(prompt, seed));
  if (outcomes.includes('fail')) return 'failed';
  return outcomes.length > 0 && outcomes.every((outcome) => outcome === 'pass') ? 'passed' : 'unresolved';
}

function majority(prompt: PromptRow['prompts'][number], seed: number): 'pass' | 'fail' | undefined {
  const votes = { pass: 0, fail: 0, abstain: 0 };
  for (let vote = 1; vote <= MOST_VOTES; vote += 1) {
    const { verdict } = scriptedVerdict(prompt, vote, seed);
    votes[verdict] += 1;
    if (verdict !== 'abstain' && votes[verdict] === MAJORITY) return verdict;
  }
  return undefined;
}

import type { DeadLetterList } from '../dead-letters/api.js';
import { openDeadLetters } from '../dead-letters/open.js';
import type { LoadedConfig } from '../load-config.js';
import { ok, warn, type Check } from './check.js';
import { attempt, type Found } from './data.js';

const DAY_MS = 24 * 3_600_000;
/** Counted one by one; of more, that there are more. */
const MOST = 10_000;

/** Asks whoever has the bus open, or opens it. */
export async function findLetters(loaded: LoadedConfig): Promise<Found<DeadLetterList>> {
  return attempt(async () => {
    const open = openDeadLetters(loaded);
    try {
      return await open.deadLetters(MOST);
    } finally {
      await open.close();
    }
  });
}

/** How many records were given up lately. */
export function checkLetters(found: Found<DeadLetterList>, nowMs: number): readonly Check[] {
  const name = 'dead letters';
  if ('problem' in found) return [warn(name, `they could not be counted: ${found.problem}`)];
  if (found.value === undefined) return [];
  const { letters, total } = found.value;
  const recent = letters.filter(({ givenUpAt }) => nowMs - Date.parse(givenUpAt) < DAY_MS);
  const left = recent.filter(({ replayedAt }) => replayedAt === null).length;
  if (total === 0) return [ok(name, 'none')];
  const count = `${recent.length}${recent.length === MOST ? ' or more' : ''}`;
  const text = `${count} in the last 24 hours, ${recent.length - left} of them replayed; ${total} in all`;
  return [left === 0 ? ok(name, text) : warn(name, `${text}; assay dead-letters list says why`)];
}

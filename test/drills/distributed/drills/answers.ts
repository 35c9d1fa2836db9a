import type { Member } from '../fleet.js';
import type { Answered } from '../load.js';

/** What `/readyz` of a receiver says, such as `200 ready`. */
export async function readinessOf({ http }: Member): Promise<string> {
  try {
    const answer = await fetch(`${http}/readyz`, { signal: AbortSignal.timeout(5_000) });
    return `${answer.status} ${(await answer.text()).trim()}`;
  } catch (error) {
    return String(error);
  }
}

/** How often each answer came, such as `120 acknowledged, 3 refused 503`. */
export function answersOf(answers: readonly Answered[]): string {
  const counts = new Map<string, number>();
  for (const { status, code } of answers) {
    const name = code === '' ? status : `${status} ${code}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const told = [...counts].sort(([, a], [, b]) => b - a).map(([name, count]) => `${count} ${name}`);
  return told.length === 0 ? 'no answers' : told.join(', ');
}

import type { AdversarialCase } from '../../core/adversarial-case.js';

type Expected = Pick<AdversarialCase, 'contains' | 'lacks' | 'matches'>;

/** Whether a case says by itself which answers are right. */
export function expectsText({ contains, lacks, matches }: Expected): boolean {
  return contains !== '' || lacks !== '' || matches !== '';
}

/**
 * Why an answer is wrong, in a few words; undefined when it is right. Texts are compared in whatever case, a regular expression as
 * it is written.
 * @throws {SyntaxError} when `matches` is no regular expression
 */
export function wrongIn(answer: string, { contains, lacks, matches }: Expected): string | undefined {
  const lower = answer.toLowerCase();
  if (contains !== '' && !lower.includes(contains.toLowerCase())) return `it does not contain “${contains}”`;
  if (lacks !== '' && lower.includes(lacks.toLowerCase())) return `it contains “${lacks}”`;
  if (matches !== '' && !new RegExp(matches, 'u').test(answer)) return `it does not match /${matches}/`;
  return undefined;
}

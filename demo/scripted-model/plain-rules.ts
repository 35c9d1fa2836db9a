import type { EvidenceFacts } from './evidence.js';
import type { PlainRule } from './rubric-reading.js';

/** What following rules comes to. */
export interface Followed {
  readonly verdict: PlainRule['verdict'];
  readonly explanation: string;
  readonly quotes: readonly string[];
}

/** The verdict of the first rule that holds; an abstention when none does. */
export function followRules(rules: readonly PlainRule[], facts: EvidenceFacts): Followed {
  const rule = rules.find((candidate) => holds(candidate, facts));
  if (rule === undefined) {
    return { verdict: 'abstain', explanation: 'Scripted judge: none of the rules in the prompt holds.', quotes: [] };
  }
  const { condition } = rule;
  const line = condition && lineWith(condition.words, textOf(condition.section, facts));
  const quotes = [line ?? '', ...facts.answer.split('\n'), ...facts.request.split('\n')].map((text) =>
    text.trim().slice(0, 160),
  );
  return {
    verdict: rule.verdict,
    explanation: `Scripted judge, by the rule: ${rule.text}`,
    quotes: quotes.filter((quote) => quote !== '').slice(0, 1),
  };
}

function holds({ condition }: PlainRule, facts: EvidenceFacts): boolean {
  if (condition === undefined) return true;
  return (lineWith(condition.words, textOf(condition.section, facts)) !== undefined) === condition.holds;
}

function textOf(section: string, facts: EvidenceFacts): string {
  if (section === 'user request') return facts.request;
  return section === 'final answer' ? facts.answer : facts.texts.join('\n');
}

function lineWith(words: string, text: string): string | undefined {
  return text.split('\n').find((line) => line.toLowerCase().includes(words.toLowerCase()));
}

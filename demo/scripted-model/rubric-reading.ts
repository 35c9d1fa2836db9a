/** What the scripted judge makes of a rubric's prompt. */
export type ReadRubric =
  | { readonly kind: 'task-completion' | 'tool-arguments' }
  | { readonly kind: 'rules'; readonly rules: readonly PlainRule[] }
  /** It holds a rule that is none of those that are understood, or nothing that is. */
  | { readonly kind: 'unread'; readonly why: string };

/** A line of a prompt that a program can follow as well as a model. */
export interface PlainRule {
  readonly verdict: 'pass' | 'fail' | 'abstain';
  /** Absent in `PASS otherwise`. */
  readonly condition?: {
    readonly section: string;
    readonly holds: boolean;
    readonly words: string;
  };
  /** The line itself. */
  readonly text: string;
}

/** Sentences that say when a built-in rubric passes and when it fails: who changes them has another rubric. */
const BUILT_IN = {
  'task-completion': [
    'The verdict is `pass` when everything that was asked for was done with the right arguments and the final answer is true to it,',
    'The verdict is `fail` when something that was asked for was not done, was done with a wrong tool or a wrong argument,',
  ],
  'tool-arguments': [
    'The verdict is `pass` when every argument of every call has such a source and agrees with it,',
    'The verdict is `fail` when at least one argument differs from its source, comes from nowhere,',
  ],
} as const;

const RULE_LINE = /^(?:[-*] )?(?:PASS|FAIL|ABSTAIN) (?:when|otherwise)\b.*$/gm;
const RULE =
  /^(?:[-*] )?(PASS|FAIL|ABSTAIN) (?:otherwise|when the (user request|final answer|evidence) (contains|does not contain) "([^"]+)")\.?$/;

/**
 * Reads what a judge is told, as far as a program can: the two built-in rubrics as they are, and plain rules, each a line like
 * `FAIL when the final answer contains "guarantee"` or `PASS otherwise`. It follows what the rules say, whatever they are for.
 */
export function readRubric(system: string): ReadRubric {
  const lines = [...system.matchAll(RULE_LINE)].map(([line]) => line.trimEnd());
  const rules = lines.map(readRule);
  const bad = rules.findIndex((rule) => rule === undefined);
  if (bad >= 0) return { kind: 'unread', why: `it cannot follow the rule ${JSON.stringify(lines[bad])}` };
  if (rules.length > 0) return { kind: 'rules', rules: rules.flatMap((rule) => rule ?? []) };
  for (const kind of ['task-completion', 'tool-arguments'] as const) {
    if (BUILT_IN[kind].every((sentence) => system.includes(sentence))) return { kind };
  }
  return { kind: 'unread', why: 'this rubric is not built in and holds no rule such as: PASS otherwise' };
}

function readRule(text: string): PlainRule | undefined {
  const parts = RULE.exec(text);
  if (parts === null) return undefined;
  const [, label = '', section, verb, words] = parts;
  const verdict = label.toLowerCase() as PlainRule['verdict'];
  if (section === undefined || words === undefined) return { verdict, text };
  return { verdict, text, condition: { section, holds: verb === 'contains', words } };
}

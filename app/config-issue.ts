import type { z } from 'zod';

/** An issue of the schema as one sentence, and the path of the key that it is about. */
export interface ExplainedIssue {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

/** Says which key, what was expected and what came. */
export function explainIssue(issue: z.core.$ZodIssue, tree: unknown): ExplainedIssue {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const path = [...issue.path, key];
    return {
      path,
      text: `${dotted(path)}: expected a known setting, got an unknown key; see assay config print for all that exist`,
    };
  }
  const text =
    issue.code === 'custom'
      ? issue.message
      : `expected ${expectation(issue)}, got ${shown(valueAt(tree, issue.path), issue.path)}`;
  return { path: issue.path, text: `${dotted(issue.path)}: ${text}` };
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `${article(issue.expected)} ${issue.expected}`;
    case 'too_small':
      return issue.origin === 'string'
        ? `at least ${issue.minimum} ${issue.minimum === 1 ? 'character' : 'characters'}`
        : `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => String(value)).join(', ')}`;
    default:
      return issue.message.charAt(0).toLowerCase() + issue.message.slice(1);
  }
}

function article(word: string): string {
  return /^[aeiou]/.test(word) ? 'an' : 'a';
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    tree,
  );
}

/** Keys whose value is never shown. */
const SECRET_KEY = /(key|salt|secret|token|password)$/i;

/** The value that came, cut short; of what may be a secret nothing. */
function shown(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return 'nothing';
  if (SECRET_KEY.test(String(path.at(-1))) || path.at(-2) === 'headers') return 'a hidden value';
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : value === null ? 'null' : 'a map';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

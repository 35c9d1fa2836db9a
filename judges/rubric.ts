import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { z } from 'zod';
import type { CriterionRule } from '../core/criterion-rule.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Trajectory } from '../core/trajectory.js';
import { invalidRubric as invalid, listNames as list } from './rubric-folder.js';

const REPLY_KEYS = ['explanation', 'quotes', 'verdict', 'confidence'] as const;

/** A criterion's name, which is its folder's too. */
export const CRITERION_NAME = /^[a-z][a-z0-9-]*$/;

/** Each condition that `appliesTo` can name. */
const CONDITIONS = {
  always: () => true,
  'user-request': ({ input = '' }) => input.trim() !== '',
  'tool-call': ({ steps }) => steps.some(({ kind, toolCalls = [] }) => kind === 'tool' || toolCalls.length > 0),
} as const satisfies Record<string, (trajectory: Trajectory) => boolean>;
type Condition = keyof typeof CONDITIONS;

const settings = z.strictObject({
  criterion: z.string().regex(CRITERION_NAME, 'expected kebab-case'),
  version: z.string().regex(/^\d+\.\d+\.\d+$/, 'expected a version such as 1.0.0'),
  question: z.string().min(1),
  appliesTo: z.enum(Object.keys(CONDITIONS) as [Condition, ...Condition[]]),
  parameters: z.strictObject({ requiredQuotes: z.int().min(0).max(3), quoteMinLength: z.int().min(1).max(100) }),
});

const outputSchema = z.looseObject({
  type: z.literal('object'),
  properties: z.record(z.string(), z.looseObject({})),
  required: z.array(z.string()),
  additionalProperties: z.literal(false),
});

const exampleFile = z.strictObject({
  evidence: z.array(z.strictObject({ section: z.string(), text: z.string() })).min(1),
  reply: z.strictObject({
    explanation: z.string(),
    quotes: z.array(z.string()),
    verdict: z.enum(['pass', 'fail', 'abstain']),
    confidence: z.number(),
  }),
});

/** One shown case: evidence, and the reply that is right for it. */
export type RubricExample = z.output<typeof exampleFile> & { readonly name: string };

/** A versioned folder: what one criterion asks, how a judge is told, and what it must answer. */
export interface Rubric extends z.output<typeof settings> {
  /** Instructions, as Markdown. */
  readonly prompt: string;
  /** JSON Schema of the reply; explains before it labels. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly examples: readonly RubricExample[];
  readonly rule: CriterionRule;
  /** Of every file of the folder. */
  readonly hash: string;
}

/**
 * Reads the rubric `name` of the folder `directory`, which is the folder `directory/name`.
 *
 * @throws {PipelineError} RUBRIC_INVALID with file and key
 */
export function loadRubric(directory: string, name: string): Rubric {
  const folder = join(directory, name);
  const files = new Map<string, string>();
  const file = (path: string): string => {
    const text = readText(join(folder, path));
    files.set(path, text);
    return text;
  };
  const head = check(
    settings,
    parseWith(parse, file('rubric.yaml'), join(folder, 'rubric.yaml')),
    join(folder, 'rubric.yaml'),
  );
  if (head.criterion !== name) {
    throw invalid(
      join(folder, 'rubric.yaml'),
      `criterion: expected the name of its folder, ${name}, got ${head.criterion}`,
    );
  }
  const prompt = file('prompt.md').trim();
  if (prompt === '') throw invalid(join(folder, 'prompt.md'), 'expected instructions, the file is empty');
  const schema = loadSchema(folder, file('output.schema.json'));
  const examples = list(join(folder, 'examples')).map((example) =>
    loadExample(join(folder, 'examples', example), file(join('examples', example)), example),
  );
  for (const label of ['pass', 'fail'] as const) {
    if (!examples.some((example) => example.reply.verdict === label)) {
      throw invalid(join(folder, 'examples'), `expected an example of a ${label}, named ${label}-….json, found none`);
    }
  }
  return { ...head, prompt, schema, examples, rule: ruleOf(head), hash: contentHash(...[...files].flat()) };
}

function ruleOf({ criterion, appliesTo }: z.output<typeof settings>): CriterionRule {
  return { criterion, applies: CONDITIONS[appliesTo] };
}

function loadSchema(folder: string, text: string): Rubric['schema'] {
  const path = join(folder, 'output.schema.json');
  const schema = check(outputSchema, parseWith(JSON.parse, text, path), path);
  const keys = Object.keys(schema.properties);
  if (keys.join() !== REPLY_KEYS.join() || [...schema.required].sort().join() !== [...REPLY_KEYS].sort().join()) {
    throw invalid(
      path,
      `properties: expected exactly ${REPLY_KEYS.join(', ')} in this order, all required, got ${keys.join(', ')}`,
    );
  }
  try {
    new Ajv({ strict: true }).compile(schema);
  } catch (error) {
    throw invalid(path, `expected a JSON Schema: ${String(error)}`);
  }
  return schema;
}

function loadExample(path: string, text: string, name: string): RubricExample {
  const example = check(exampleFile, parseWith(JSON.parse, text, path), path);
  if (!name.startsWith(`${example.reply.verdict}-`)) {
    throw invalid(path, `reply.verdict: expected what the file's name begins with, got ${example.reply.verdict}`);
  }
  return { ...example, name };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    throw invalid(path, 'expected a readable file', error);
  }
}

function parseWith(parser: (text: string) => unknown, text: string, path: string): unknown {
  try {
    return parser(text);
  } catch (error) {
    throw invalid(path, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error), error);
  }
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(path, `${issue?.path.join('.') || 'top level'}: ${issue?.message ?? 'invalid'}`, result.error);
}

import { Ajv, type ValidateFunction } from 'ajv';
import { toPlainSchema } from './plain-schema.js';
import { quote } from './quote.js';

const MAX_SCHEMA_CHARS = 65_536;
const MAX_ARGUMENT_CHARS = 65_536;
/** Compiled schemas that are kept: an agent has tens of tools. */
const MAX_COMPILED = 512;

interface Compiled {
  /** Undefined when the schema is of no use. */
  readonly validate: ValidateFunction | undefined;
}

const compiled = new Map<string, Compiled>();
let ajv = newAjv();

/**
 * What is wrong with arguments by a declared schema, both written by whoever sent the trace.
 *
 * @param schema - JSON Schema, also as text
 * @returns a phrase, or undefined when they fit or the schema is of no use
 */
export function schemaError(schema: unknown, value: unknown): string | undefined {
  const text = typeof schema === 'string' ? schema : textOf(schema);
  if (text === undefined || text.length > MAX_SCHEMA_CHARS) return undefined;
  const { validate } = compiled.get(text) ?? remember(text, schema);
  if (validate === undefined) return undefined;
  if ((textOf(value)?.length ?? Infinity) > MAX_ARGUMENT_CHARS) return undefined;
  if (validate(value)) return undefined;
  const error = validate.errors?.[0];
  const path = error?.instancePath ?? '';
  const place = path === '' ? 'the arguments' : quote(path);
  const property = error?.params['additionalProperty'] as unknown;
  const named = typeof property === 'string' ? ` (${quote(property)})` : '';
  return `an error: ${place} ${clip(error?.message ?? 'do not fit')}${named}`;
}

function remember(text: string, schema: unknown): Compiled {
  // Ajv keeps what it compiled for ever, so both go together.
  if (compiled.size >= MAX_COMPILED) {
    compiled.clear();
    ajv = newAjv();
  }
  const made = { validate: compile(typeof schema === 'string' ? parse(text) : schema) };
  compiled.set(text, made);
  return made;
}

function compile(schema: unknown): ValidateFunction | undefined {
  const plain = toPlainSchema(schema);
  if (plain === undefined || typeof plain === 'boolean') return undefined;
  try {
    return ajv.compile(plain);
  } catch {
    // A schema that Ajv refuses tells nothing about the arguments.
    return undefined;
  }
}

function newAjv(): Ajv {
  return new Ajv({ strict: false, logger: false, allErrors: false, validateFormats: false, ownProperties: true });
}

/** Names of required properties come from the trace. */
function clip(message: string): string {
  const [before = '', named] = message.split("'");
  return named === undefined ? message.slice(0, 80) : `${before}${quote(named)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

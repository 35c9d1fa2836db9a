/** A JSON Schema without references and without anything that can be made slow. */
export type PlainSchema = boolean | { readonly [keyword: string]: unknown };

/** Schemas that are larger than this, references put in place, are not used. */
const MAX_NODES = 1_000;
const MAX_DEPTH = 32;
const MAX_ENUM = 1_000;

const NUMBERS = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
] as const;

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'];

type Fields = Readonly<Record<string, unknown>>;

interface Walk {
  readonly root: unknown;
  nodes: number;
  /** References that lead to where we are: one that comes again would never end. */
  readonly path: string[];
}

/** Why a schema is of no use. */
class UnusableSchema extends Error {}

/**
 * What a hostile schema may safely say. References are put in place, and only keywords of known cost are kept: no patterns,
 * no formats, nothing quadratic, no negation, and `oneOf` as `anyOf`. So the result asks for less than the original, never
 * for more.
 *
 * @returns undefined when it is recursive, too large, or no schema
 */
export function toPlainSchema(schema: unknown): PlainSchema | undefined {
  try {
    return plain(schema, { root: schema, nodes: 0, path: [] }, 0);
  } catch (error) {
    if (error instanceof UnusableSchema) return undefined;
    throw error;
  }
}

function plain(schema: unknown, walk: Walk, depth: number): PlainSchema {
  walk.nodes += 1;
  if (walk.nodes > MAX_NODES || depth > MAX_DEPTH) throw new UnusableSchema();
  if (typeof schema === 'boolean') return schema;
  if (!isFields(schema)) throw new UnusableSchema();
  const into = (child: unknown): PlainSchema => plain(child, walk, depth + 1);
  const kept = { ...simpleKeywords(schema), ...objectKeywords(schema, into), ...arrayKeywords(schema, into) };
  const all = [...list(schema['allOf']).map(into), ...referenced(schema, walk, depth), ...choices(schema, into)];
  return all.length === 0 ? kept : { ...kept, allOf: all };
}

function referenced(schema: Fields, walk: Walk, depth: number): readonly PlainSchema[] {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return [];
  if (walk.path.includes(reference)) throw new UnusableSchema();
  const target = resolve(walk.root, reference);
  if (target === undefined) return [];
  walk.path.push(reference);
  const found = plain(target, walk, depth + 1);
  walk.path.pop();
  return [found];
}

function choices(schema: Fields, into: (child: unknown) => PlainSchema): readonly PlainSchema[] {
  return [list(schema['anyOf']), list(schema['oneOf'])]
    .filter((options) => options.length > 0)
    .map((options) => ({ anyOf: options.map(into) }));
}

function simpleKeywords(schema: Fields): Fields {
  const kept: Record<string, unknown> = {};
  for (const keyword of NUMBERS) if (Number.isFinite(schema[keyword])) kept[keyword] = schema[keyword];
  if ('const' in schema) kept['const'] = schema['const'];
  const values = list(schema['enum']);
  if (values.length > 0 && values.length <= MAX_ENUM)
    kept['enum'] = [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
  const types = typeof schema['type'] === 'string' ? [schema['type']] : list(schema['type']);
  const known = types.filter((type): type is string => typeof type === 'string' && TYPES.includes(type));
  if (known.length > 0 && known.length === types.length) {
    kept['type'] = [...new Set(schema['nullable'] === true ? [...known, 'null'] : known)];
  }
  return kept;
}

function objectKeywords(schema: Fields, into: (child: unknown) => PlainSchema): Fields {
  const kept: Record<string, unknown> = {};
  const required = list(schema['required']).filter((name): name is string => typeof name === 'string');
  if (required.length > 0 && required.length <= MAX_NODES) kept['required'] = [...new Set(required)];
  const properties = schema['properties'];
  if (isFields(properties)) {
    // A key of this name would set the prototype instead.
    const entries = Object.entries(properties).filter(([name]) => name !== '__proto__');
    kept['properties'] = Object.fromEntries(entries.map(([name, child]) => [name, into(child)]));
  }
  // Which properties are additional depends on patterns, which are not looked at.
  const others = schema['additionalProperties'];
  if (others !== undefined && schema['patternProperties'] === undefined) kept['additionalProperties'] = into(others);
  return kept;
}

function arrayKeywords(schema: Fields, into: (child: unknown) => PlainSchema): Fields {
  const items = schema['items'];
  // Lists of schemas, one an item, are written differently in each draft.
  return items === undefined || Array.isArray(items) || 'prefixItems' in schema ? {} : { items: into(items) };
}

function resolve(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const key = decodePointer(part);
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Fields)[key];
  }
  return at;
}

function decodePointer(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return part;
  }
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

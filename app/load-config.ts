import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { PipelineError } from '../core/errors.js';
import { assayConfig, type AssayConfig, type RawConfig } from './config.js';
import { explainIssue } from './config-issue.js';

export interface ConfigSources {
  /** Path of a YAML file. */
  readonly file?: string | undefined;
  /** `--set key.path=value`, in order; the later wins, all win over the file. */
  readonly sets?: readonly string[];
  /** Set by a command's own options, such as `--data`; win over all. */
  readonly overrides?: RawConfig;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface LoadedConfig {
  readonly raw: RawConfig;
  readonly config: AssayConfig;
}

type Tree = Record<string, unknown>;

/**
 * Reads, joins and checks the settings.
 * @throws {PipelineError} CONFIG_INVALID with file, line, key, what was expected and what came
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const lines = new LineCounter();
  const document = sources.file === undefined ? undefined : readDocument(sources.file, lines);
  const origins = new Map<string, string>();
  const places: Places = { origins, document, lines, file: sources.file };
  const tree = interpolate(document?.toJS() ?? {}, [], (name, path) => {
    const found = sources.env[name];
    if (found !== undefined) return found;
    return { missing: `${place(path, places)}${path.join('.')}` };
  }) as Tree;
  for (const set of sources.sets ?? []) applySet(tree, set, origins);
  mergeInto(tree, sources.overrides ?? {});
  const result = assayConfig.safeParse(tree);
  if (result.success) return { raw: tree, config: result.data };
  const described = result.error.issues.map((issue) => {
    const explained = explainIssue(issue, tree);
    return `${place(explained.path, places)}${explained.text}`;
  });
  throw new PipelineError('CONFIG_INVALID', described.join('\n'));
}

function readDocument(file: string, lines: LineCounter): Document.Parsed {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `${file}: expected a readable YAML file, got ${reasonOf(error)}; check --config`,
      {
        cause: error,
      },
    );
  }
  const document = parseDocument(text, { lineCounter: lines });
  const bad = document.errors[0];
  if (bad !== undefined) {
    // What is missing at the end is missing in the last line that says something.
    const at = lines.linePos(Math.min(bad.pos[0], Math.max(0, text.trimEnd().length - 1)));
    const said = (bad.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw new PipelineError('CONFIG_INVALID', `${file}:${at.line}: expected YAML, got: ${said}`);
  }
  if (document.contents !== null && !isMap(document.contents)) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `${file}:1: expected a map of settings at the top level, got something else`,
    );
  }
  return document;
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

type Variables = (name: string, path: readonly string[]) => string | { readonly missing: string };

/** Replaces `${NAME}` and `${NAME:-default}` in strings. */
function interpolate(value: unknown, path: readonly string[], variables: Variables): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g, (_, name: string, fallback?: string) => {
      const found = variables(name, path);
      if (typeof found === 'string') return found;
      if (fallback !== undefined) return fallback;
      throw new PipelineError(
        'CONFIG_INVALID',
        `${found.missing}: expected the environment variable ${name} to be set, it is not; set it or write \${${name}:-default}`,
      );
    });
  }
  if (Array.isArray(value)) return value.map((item, at) => interpolate(item, [...path, String(at)], variables));
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolate(item, [...path, key], variables)]),
  );
}

function applySet(tree: Tree, set: string, origins: Map<string, string>): void {
  const at = set.indexOf('=');
  if (at < 1) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `--set ${set}: expected key.path=value, such as --set sampler.quietMs=5000`,
    );
  }
  const path = set.slice(0, at);
  const value: unknown = parseDocument(set.slice(at + 1)).toJS();
  origins.set(path, `--set ${path}`);
  mergeInto(tree, path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as Tree);
}

/** Deep merge; arrays and scalars are replaced. */
function mergeInto(target: Tree, source: RawConfig): void {
  for (const [key, value] of Object.entries(source)) {
    const held = target[key];
    if (isTree(held) && isTree(value)) mergeInto(held, value);
    else if (value !== undefined) target[key] = isTree(value) ? structuredClone(value) : value;
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Places {
  readonly origins: ReadonlyMap<string, string>;
  readonly document: Document.Parsed | undefined;
  readonly lines: LineCounter;
  readonly file: string | undefined;
}

/** Where a key was written: `assay.yaml:3: `, `--set a.b: `, or nothing when it was not written at all. */
function place(path: readonly PropertyKey[], places: Places): string {
  for (let length = path.length; length > 0; length -= 1) {
    const origin = places.origins.get(path.slice(0, length).join('.'));
    if (origin !== undefined) return `${origin}: `;
    const line = lineOf(path.slice(0, length), places);
    if (line !== undefined) return `${places.file ?? ''}:${line}: `;
  }
  return places.file === undefined ? '' : `${places.file}: `;
}

function lineOf(path: readonly PropertyKey[], places: Places): number | undefined {
  const parent = path.length === 1 ? places.document?.contents : places.document?.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1));
  if (pair === undefined || !isScalar(pair.key) || !pair.key.range) return undefined;
  return places.lines.linePos(pair.key.range[0]).line;
}

import type { AttributeValue } from '../core/attributes.js';
import type { ToolDefinition } from '../core/trajectory.js';
import { defined, isStructure, list, member, structure, structured, text } from './values.js';

/**
 * Declared tools in any of the shapes in use: flat `{name, parameters}`, `inputSchema` (Vercel AI SDK), `input_schema`
 * (Anthropic), nested `{function}` (OpenAI), `{toolSpec}` (Bedrock), bare names; as structures, JSON, or lists of JSON.
 */
export function readToolDefinitions(value: AttributeValue | undefined): readonly ToolDefinition[] | undefined {
  const tools = list(value).flatMap((item) => {
    const tool = readToolDefinition(item);
    return tool === undefined ? [] : [tool];
  });
  return tools.length === 0 ? undefined : tools;
}

/** Adds to the tools by name; a declaration with a schema replaces one without. */
export function addTools(to: Map<string, ToolDefinition>, tools: readonly ToolDefinition[]): void {
  for (const tool of tools) {
    const known = to.get(tool.name);
    if (known === undefined || (known.parameters === undefined && tool.parameters !== undefined))
      to.set(tool.name, tool);
  }
}

function readToolDefinition(value: AttributeValue): ToolDefinition | undefined {
  const outer = structured(value);
  if (typeof outer === 'string') return { name: outer };
  // A row has bytes as text.
  if (outer instanceof Uint8Array) return { name: text(outer) ?? '' };
  if (!isStructure(outer)) return undefined;
  const tool = structure(member(outer, 'function', 'toolSpec')) ?? outer;
  const name = text(tool.name);
  if (name === undefined) return undefined;
  const schema = structured(member(tool, 'parameters', 'inputSchema', 'input_schema'));
  const parameters = isStructure(schema) ? (structure(member(schema, 'json', 'jsonSchema')) ?? schema) : undefined;
  return defined<ToolDefinition>({ name, description: text(tool.description), parameters });
}

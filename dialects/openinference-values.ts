import type { Span } from '../core/span.js';
import { answeredText, askedText, toolOutput } from './asked-text.js';
import type { SpanFields } from './fields.js';
import { readIfMessages } from './messages.js';
import { content, isStructure, structure, text } from './values.js';

/**
 * OpenInference's `input.value` and `output.value`: whatever the span was given and gave. They come last, because any
 * dialect's own field says better what they mean.
 */
export function readOpenInferenceValues(span: Span, known: SpanFields): SpanFields | undefined {
  const { attributes } = span;
  const input = text(attributes.get('input.value'));
  const output = text(attributes.get('output.value'));
  if (input === undefined && output === undefined) return undefined;
  if (known.kind === 'tool') {
    const answer = toolOutput(output);
    return {
      name: attributes.has('openinference.span.kind') ? span.name : undefined,
      arguments: content(input) ?? toolParameters(span),
      result: answer.text,
      callId: text(answer.callId),
      failure: answer.failed ? (answer.text ?? 'tool failed') : undefined,
    };
  }
  if (known.kind === 'model') {
    return {
      inputMessages: known.inputMessages === undefined ? readIfMessages(input, 'user') : undefined,
      outputMessages: known.outputMessages === undefined ? readIfMessages(output, 'assistant') : undefined,
      inputText: askedText(input),
      outputText: answeredText(output),
    };
  }
  const asked = askedText(input);
  return { arguments: asked, result: content(output), inputText: asked, outputText: answeredText(output) };
}

/** Meant for the schema; one emitter puts the call's arguments there. */
function toolParameters(span: Span): string | undefined {
  const value = span.attributes.get('tool.parameters');
  const parsed = structure(value);
  return parsed !== undefined && isStructure(parsed.properties) ? undefined : content(value);
}

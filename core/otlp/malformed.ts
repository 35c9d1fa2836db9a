import { PipelineError } from '../errors.js';

/** The most arrays and key-value lists that may lie inside one another in an attribute value. */
export const MAX_NESTING = 32;

/**
 * The error of bytes that are no OTLP request of the signal that was expected.
 * @param problem - what was expected and what came, without the full stop
 * @param at - where: `byte 12`, or the path of a JSON field
 */
export function malformed(problem: string, at: string): PipelineError {
  return new PipelineError('OTLP_MALFORMED', `${problem} at ${at}; send an OTLP export request.`);
}

import { z } from 'zod';
import { PipelineError } from '../../core/errors.js';
import { LABEL_QUEUES, LABEL_SOURCES, LABEL_VALUES, type Label } from '../../core/label.js';
import type { GivenLabel } from './api.js';
import { parseJsonLine } from '../parse-json-line.js';

const line = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 lower-case hex digits'),
  tenant: z.string().exactOptional(),
  version: z.int().min(0).exactOptional(),
  criterion: z.string().min(1),
  value: z.enum(LABEL_VALUES),
  source: z.enum(LABEL_SOURCES).exactOptional(),
  queue: z.enum(LABEL_QUEUES).exactOptional(),
  annotator: z.string().max(256).exactOptional(),
  comment: z.string().max(10_000).exactOptional(),
  labelledAt: z.iso.datetime().exactOptional(),
});

/** A label with the number of its line. */
export interface LabelLine {
  readonly line: number;
  readonly label: GivenLabel;
}

/**
 * Labels from JSON lines, as `toLabelLine` writes them; empty lines are passed over.
 * @param name - of the file, for the error
 * @throws {PipelineError} CONFIG_INVALID with the first line that is none
 */
export function parseLabelLines(text: string, name: string): readonly LabelLine[] {
  return text.split('\n').flatMap((written, index) => {
    if (written.trim() === '') return [];
    const { labelledAt, ...label } = parseLine(written, `${name}:${index + 1}`);
    const at = labelledAt === undefined ? {} : { labelledAtMs: Date.parse(labelledAt) };
    return [{ line: index + 1, label: { ...label, ...at } }];
  });
}

function parseLine(text: string, place: string): z.output<typeof line> {
  const parsed = parseJsonLine(line, text);
  if ('value' in parsed) return parsed.value;
  throw new PipelineError(
    'CONFIG_INVALID',
    `expected a label as one JSON object at ${place}, such as {"traceId":"…","criterion":"task-completion","value":"pass"}, got: ${parsed.problem}; nothing was imported`,
  );
}

/** A label as one line of JSON, without a line break, that can be imported again. */
export function toLabelLine(label: Label): string {
  const { traceId, tenant, version, criterion, value, source, queue, annotator, comment, labelledAtMs } = label;
  const labelledAt = new Date(labelledAtMs).toISOString();
  return JSON.stringify({ traceId, tenant, version, criterion, value, source, queue, annotator, comment, labelledAt });
}

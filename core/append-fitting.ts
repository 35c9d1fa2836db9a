import { PipelineError } from './errors.js';
import type { LogRecord } from './log.js';
import { cutRequest } from './otlp/cut-request.js';
import { halveRequest } from './otlp/halve-request.js';

/** Of its size before, what is tried next of a span that is too large. */
const CUT_RATIO = 0.75;

/** What became of the spans, or log records, of a record that the bus refused as too large. */
export interface Fitting {
  /** Those whose longest texts were cut. */
  readonly cut: number;
  /** Those that are too large however much of them is cut. */
  readonly rejected: number;
  /** Records that it was appended as. */
  readonly records: number;
}

/** True of what the bus says of a record that it never takes. */
export function isTooLarge(error: unknown): error is PipelineError {
  return error instanceof PipelineError && error.code === 'RECORD_TOO_LARGE';
}

/**
 * Appends a record of `spans` or `logs` that was refused as too large: in halves, and halves of these, all of the same key; then its
 * single spans with their longest texts cut shorter and shorter. How large a record may be is known to the bus alone, and depends on
 * how well it can be compressed, so it is asked each time.
 *
 * @param append - of one record; rejects with RECORD_TOO_LARGE when it is
 * @throws what `append` throws otherwise; a part may have been taken then
 */
export async function appendFitting(record: LogRecord, append: (part: LogRecord) => Promise<void>): Promise<Fitting> {
  const sum = { cut: 0, rejected: 0, records: 0 };
  const waiting: Uint8Array[] = [...(halveRequest(record.value) ?? [])].reverse();
  if (waiting.length === 0) await appendCut(record, append, sum);
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    const part = { ...record, value };
    if (await isTaken(() => append(part))) {
      sum.records += 1;
      continue;
    }
    const halves = halveRequest(value);
    if (halves === undefined) await appendCut(part, append, sum);
    else waiting.push(halves[1], halves[0]);
  }
  return sum;
}

async function appendCut(
  record: LogRecord,
  append: (part: LogRecord) => Promise<void>,
  sum: { cut: number; rejected: number; records: number },
): Promise<void> {
  const signal = record.topic === 'logs' ? 'logs' : 'traces';
  let { length } = record.value;
  for (let target = CUT_RATIO * length; ; target *= CUT_RATIO) {
    // Of the whole each time, so that what is cut says how long it was.
    const value = cutRequest(record.value, target, signal);
    if (value === undefined || value.length >= length) {
      sum.rejected += 1;
      return;
    }
    ({ length } = value);
    if (!(await isTaken(() => append({ ...record, value })))) continue;
    sum.cut += 1;
    sum.records += 1;
    return;
  }
}

/** @returns false where what is appended is too large. @throws whatever else comes of it */
export async function isTaken(append: () => Promise<void>): Promise<boolean> {
  try {
    await append();
    return true;
  } catch (error) {
    if (isTooLarge(error)) return false;
    throw error;
  }
}

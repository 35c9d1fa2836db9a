import { PipelineError } from '../core/errors.js';

/** Codes of ClickHouse that mean that the statement is wrong, so that the same statement cannot succeed. */
export const REFUSED_CODES: ReadonlySet<string> = new Set([
  ...['16', '26', '27', '36', '43', '46', '47', '53', '60', '62', '81', '117', '164', '497'],
  // Who asks is not let in.
  ...['192', '193', '194', '516'],
]);

/**
 * Codes by which an insert is refused for a value in it: texts that are no number or time of day, values out of bounds, a
 * constraint. Not those by which a table has other columns than Assay writes, where no row would pass.
 */
const ROW_CODES: ReadonlySet<string> = new Set([
  ...['6', '25', '26', '27', '38', '41', '69', '72', '128', '130', '131', '321', '349', '395', '469', '691'],
]);

/** What an insert threw, as `ROWS_REFUSED` where it was the rows that the store did not want. */
export function toInsertError(error: unknown): unknown {
  if (!(error instanceof PipelineError)) return error;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  if (!ROW_CODES.has(String(code))) return error;
  const cause = error.cause instanceof Error ? error.cause.message : String(error.cause);
  return new PipelineError(
    'ROWS_REFUSED',
    `expected the store to take every row, got code ${String(code)}: ${cause.trim().slice(0, LONGEST)}; change the table, or the sender`,
    { cause: error.cause },
  );
}

/** Of the text of a server, which may quote a row. */
const LONGEST = 300;

/** Whether rows were refused for what they hold, so that others of the same block may pass. */
export function isOfRows(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'ROWS_REFUSED';
}

import type { TraceRow } from '../api.js';
import { duration, FREE_TEXT, nameOr, safeLine, table, visibleLength, type Paint } from './format.js';

/** Below this a terminal gets fewer and shorter columns. */
const NARROW = 150;
const LEAST_ROOM = 20;

/** A line a trace, newest first; the last cell is cut to what the line has left. */
export function renderTraces(rows: readonly TraceRow[], paint: Paint): string {
  if (rows.length === 0) return 'No trace matches.';
  const { columns } = paint;
  const isNarrow = columns !== undefined && columns < NARROW;
  const names = isNarrow
    ? ['trace', 'seen UTC', 'service', 'release', 'result']
    : ['trace', 'first seen', 'service', 'release', 'took', 'result', 'outcome'];
  const lines = [
    names.map((name) => paint.dim(name)),
    ...rows.map((row) => (isNarrow ? shortCells(row, paint) : fullCells(row, paint))),
  ];
  const rightAligned = new Set(isNarrow ? [] : [4]);
  const used = Math.max(...table(lines, rightAligned).split('\n').map(visibleLength)) + 2;
  const room = columns === undefined ? FREE_TEXT : Math.max(LEAST_ROOM, columns - used);
  const why = [paint.dim('why'), ...rows.map((row) => safeLine(row.reason, room))];
  return table(
    lines.map((cells, at) => [...cells, why[at] ?? '']),
    rightAligned,
  );
}

function shortCells(row: TraceRow, paint: Paint): string[] {
  return [
    row.traceId.slice(0, 12),
    timeOf(row, paint),
    nameOr(row.service, 14),
    nameOr(row.release, 8),
    row.passed === null ? paint.dim(row.outcome.replaceAll('_', ' ')) : resultOf(row, paint),
  ];
}

function fullCells(row: TraceRow, paint: Paint): string[] {
  return [
    row.traceId,
    timeOf(row, paint),
    nameOr(row.service, 30),
    nameOr(row.release, 20),
    duration(row.durationMs),
    resultOf(row, paint),
    row.outcome.replaceAll('_', ' '),
  ];
}

function resultOf({ passed }: TraceRow, paint: Paint): string {
  if (passed === null) return paint.dim('--');
  return passed ? paint.green('passed') : paint.red('failed');
}

/** Of today the time alone, on a terminal; days are those of UTC, as everywhere. */
function timeOf({ firstSeenAt }: TraceRow, { columns, nowMs }: Paint): string {
  const [day = '', time = ''] = firstSeenAt.slice(0, 19).split('T');
  if (columns === undefined || columns >= NARROW) return isToday(day, nowMs, columns) ? time : `${day} ${time}`;
  return isToday(day, nowMs, columns) ? time : `${day.slice(5)} ${time.slice(0, 5)}`;
}

function isToday(day: string, nowMs: number, columns: number | undefined): boolean {
  return columns !== undefined && day === new Date(nowMs).toISOString().slice(0, 10);
}

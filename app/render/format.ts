import pc from 'picocolors';
import { systemClock, type Clock } from '../../core/clock.js';

/** How to write for people on one stream. */
export interface Paint extends ReturnType<typeof pc.createColors> {
  /** Width of the terminal; undefined when it is none, and then nothing is wrapped. */
  readonly columns: number | undefined;
  readonly nowMs: number;
}

/**
 * Colours are only there when the stream is a terminal (and NO_COLOR is not set).
 *
 * @param clock - the machine's when it is left out
 */
export function paintFor(
  stream: { readonly isTTY?: boolean; readonly columns?: number },
  env: Readonly<Record<string, string | undefined>>,
  clock: Pick<Clock, 'nowMs'> = systemClock,
): Paint {
  const isTerminal = stream.isTTY === true;
  return {
    ...pc.createColors(isTerminal && (env['NO_COLOR'] ?? '') === ''),
    columns: isTerminal && (stream.columns ?? 0) > 0 ? stream.columns : undefined,
    nowMs: clock.nowMs(),
  };
}

/** Characters of free text in a line that no terminal bounds. */
export const FREE_TEXT = 100;

/** `98.3 %`, or `--` when there is no number: a missing value is never a zero. */
export function percent(value: number | null): string {
  return value === null ? '--' : `${(value * 100).toFixed(1)} %`;
}

/** `96.9-99.2 %`, or `--`. */
export function interval(bounds: readonly [number, number] | null): string {
  return bounds === null ? '--' : `${(bounds[0] * 100).toFixed(1)}-${(bounds[1] * 100).toFixed(1)} %`;
}

/** Dollars with as many digits as a small amount needs. */
export function dollars(usd: number): string {
  if (usd === 0) return '$0';
  return usd >= 1 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(2)}`;
}

/** `12 ms`, `1.2 s`, `3.5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 60_000).toFixed(1)} min`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/**
 * Makes text of a trace safe to print: it is hostile, and a terminal obeys control characters.
 * Line breaks become `⏎`, the rest of C0, C1 and the direction overrides become `�`; cut to `width` characters.
 */
export function safeLine(text: string, width = 200): string {
  const flat = text
    .replace(/\r?\n/g, ' ⏎ ')
    // What a terminal would obey.
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�');
  return flat.length > width ? `${flat.slice(0, width - 1)}…` : flat;
}

/** Like `safeLine`, for text that is shown whole: line breaks and tabs stay. */
export function safeText(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�');
}

/** A name from a trace, or `--` when it is empty. */
export function nameOr(text: string, width: number): string {
  return text === '' ? '--' : safeLine(text, width);
}

/** Text after a lead, its further lines under its first. Breaks at spaces, and within a word that is wider than the line. */
export function hang(lead: string, text: string, columns: number | undefined): string {
  if (columns === undefined) return lead + text;
  const indent = visibleLength(lead);
  const room = Math.max(20, columns - indent);
  const lines: string[] = [];
  let rest = text;
  while (rest.length > room) {
    const space = rest.lastIndexOf(' ', room);
    const end = space > 0 ? space : room;
    lines.push(rest.slice(0, end));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  return lead + [...lines, rest].join(`\n${' '.repeat(indent)}`);
}

/** Columns as wide as their widest cell; numbers are right-aligned by the caller's choice. */
export function table(rows: readonly (readonly string[])[], rightAligned: ReadonlySet<number> = new Set()): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, visibleLength(cell))));
  return rows
    .map((row) =>
      row
        .map((cell, at) => {
          const padding = ' '.repeat((widths[at] ?? 0) - visibleLength(cell));
          return rightAligned.has(at) ? padding + cell : cell + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Characters that a terminal shows: all but the colours. */
export function visibleLength(cell: string): number {
  return cell.replace(/\u001b\[[0-9;]*m/g, '').length;
}

import { existsSync } from 'node:fs';

/** Places where a drill may end the process, as kill -9 would. */
export const FAULT_POINTS = [
  'bus-append-before-flush',
  'bus-append-after-flush',
  'sampler-after-append',
  'sampler-before-commit',
  'judge-after-reserve',
  'judge-after-reply',
  'judge-after-verdict',
  'writer-before-insert',
  'writer-after-insert',
  'publisher-before-commit',
  'notifier-before-send',
  'notifier-after-send',
  'gate-before-writing',
  'gate-after-writing',
  'gate-after-telling',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

let armed: { readonly point: string; remaining: number; readonly gate?: string } | undefined;

/**
 * Arms one fault point of this thread. For drills only.
 * @param spec - `<point>:<passes>`, or `<point>:<passes>:<file>`: dies at that pass, 1 for the first, and counts only passes
 * that find the file, when one is named
 * @throws {RangeError} when the point is unknown
 */
export function armFaultPoint(spec: string): void {
  const [point = '', passes = '1', ...gate] = spec.split(':');
  if (!(FAULT_POINTS as readonly string[]).includes(point)) {
    throw new RangeError(`expected a fault point of ${FAULT_POINTS.join(', ')}, got ${point}`);
  }
  armed = { point, remaining: Number(passes), ...(gate.length === 0 ? {} : { gate: gate.join(':') }) };
}

/** Ends the process without any clean-up if this point is armed and its pass has come. Free otherwise. */
export function faultPoint(point: FaultPoint): void {
  if (armed?.point !== point) return;
  if (armed.gate !== undefined && !existsSync(armed.gate)) return;
  armed.remaining -= 1;
  if (armed.remaining === 0) process.kill(process.pid, 'SIGKILL');
}

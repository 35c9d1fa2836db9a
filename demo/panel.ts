import { createLogUpdate } from 'log-update';
import { count, dollars, interval, percent, table, type Paint, type Report, type Status } from '../app/index.js';

/** What the panel shows at one moment. */
export interface PanelView {
  readonly seed: number;
  readonly elapsedMs: number;
  readonly stage: string;
  readonly served: number;
  readonly planned: number;
  readonly status: Status;
  readonly releases: Report['releases'];
}

export interface Panel {
  show(view: PanelView): void;
  /** A line that stays. */
  say(text: string): void;
  /** Leaves the last view where it is. */
  close(): void;
}

export interface PanelStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const PLAIN_LINE_EVERY_MS = 5_000;

/** Redrawn in place on a terminal; elsewhere a line every few seconds. */
export function createPanel(stream: NodeJS.WriteStream, paint: Paint): Panel {
  return stream.isTTY ? livePanel(stream, paint) : linePanel(stream);
}

function livePanel(stream: NodeJS.WriteStream, paint: Paint): Panel {
  const draw = createLogUpdate(stream);
  return {
    show: (view) => {
      draw(renderPanel(view, paint));
    },
    say: (text) => {
      draw.clear();
      stream.write(`${text}\n`);
    },
    close: () => {
      draw.done();
    },
  };
}

/** Exported for whoever wants the plain form on any stream. */
export function linePanel(stream: PanelStream): Panel {
  let nextAtMs = 0;
  return {
    show: (view) => {
      if (view.elapsedMs < nextAtMs) return;
      nextAtMs = view.elapsedMs + PLAIN_LINE_EVERY_MS;
      stream.write(`${renderLine(view)}\n`);
    },
    say: (text) => {
      stream.write(`${text}\n`);
    },
    close: () => undefined,
  };
}

/** One line: time, stage, then what came in, what was decided, what it cost, and the rates. */
export function renderLine(view: PanelView): string {
  const { status } = view;
  const rates = view.releases.map(
    (release) => `${release.release} ${percent(release.passRate)} (${interval(release.interval)})`,
  );
  return [
    `${clock(view.elapsedMs)}  ${view.stage}`,
    `${count(status.spansReceived)} spans in`,
    `${count(status.tracesDecided)} traces whole`,
    `${count(status.tracesSuspected + status.tracesSettled)} suspected`,
    `${count(status.tracesJudged)} judged`,
    `${dollars(status.spentUsd)} of ${dollars(status.judgeAllUsd)} spent`,
    ...rates,
  ].join(' | ');
}

/** The panel as text. */
export function renderPanel(view: PanelView, paint: Paint): string {
  const { status } = view;
  const share = status.judgeAllUsd > 0 ? status.spentUsd / status.judgeAllUsd : null;
  const label = (text: string) => paint.dim(text);
  const figures = [
    [
      label('spans in'),
      count(status.spansReceived),
      label('suspected'),
      count(status.tracesSuspected + status.tracesSettled),
    ],
    [label('traces whole'), count(status.tracesDecided), label('judged'), count(status.tracesJudged)],
    [
      label('spent'),
      dollars(status.spentUsd),
      label('judging all, 3 votes'),
      `${dollars(status.judgeAllUsd)} (spent ${percent(share)})`,
    ],
  ];
  const rows = view.releases.map((release) => [
    paint.bold(release.release === '' ? '--' : release.release),
    paint.bold(percent(release.passRate)),
    interval(release.interval),
    bar(release, paint),
  ]);
  const header = ['release', 'pass rate', '95 % interval', SCALE].map(label);
  return [
    `${paint.bold('Assay demo')}  ${label(`scripted model, seed ${view.seed}`)}  ${clock(view.elapsedMs)}`,
    '',
    `${progress(view.served, view.planned, paint)}  ${count(view.served)} of ${count(view.planned)} requests  ${view.stage}`,
    '',
    table(figures, new Set([1])),
    '',
    table([header, ...rows], new Set([1, 2])),
  ].join('\n');
}

const BAR_WIDTH = 40;
const LOWEST = 0.8;
const SCALE = `${'80 %'.padEnd(BAR_WIDTH - 5)}100 %`;

/** The interval on a scale from 80 to 100 %, the estimate as a dot. */
function bar(release: Report['releases'][number], paint: Paint): string {
  if (release.interval === null || release.passRate === null) return '';
  const at = (rate: number) => Math.round((Math.max(0, rate - LOWEST) / (1 - LOWEST)) * (BAR_WIDTH - 1));
  const [low, high] = release.interval.map(at) as [number, number];
  const cells = Array.from({ length: BAR_WIDTH }, (_, cell): string => (cell >= low && cell <= high ? '━' : ' '));
  cells[at(release.passRate)] = '●';
  return paint.cyan(cells.join('').trimEnd());
}

function progress(served: number, planned: number, paint: Paint): string {
  const full = Math.round((served / Math.max(1, planned)) * 20);
  return paint.green('█'.repeat(full)) + paint.dim('░'.repeat(20 - full));
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
}

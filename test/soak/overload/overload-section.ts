import { percentile } from '../../../bench/percentile.js';
import type { Claim } from '../oracle.js';
import { markdownTable, type Section } from '../report.js';
import type { Overload, Phase } from './overload-drill.js';
import { leastSquares } from './slope.js';
import { SPANS_PER_BATCH } from './stamped-requests.js';

/** Memory is flat when the line through it rises by less than this share of its mean over what is left of ten minutes. */
const FLAT_SHARE = 0.05;
const FLAT_MINUTES = 8;
const SETTLE_MINUTES = 2;
/** A line through less than this says nothing. */
const SHORTEST_SECONDS = 300;
const LATENCY_FACTOR = 2;

export function overloadSection(result: Overload): Section {
  const { quiet, busy, loud, stored, sustainedRate, measured } = result;
  return {
    title: 'twice the sustained rate, among bad clients',
    text: [
      `Requests of ${SPANS_PER_BATCH} spans (HTTP protobuf, 1.6 KB a span), offered at a pace whatever the answers over 16 connections, with a scripted`,
      `model behind the judges. The sustained rate, ${thousands(sustainedRate)} spans/s, ${measured ? 'was measured first: all that was sent as fast as it was taken, over the time until it was stored and decided' : 'was given'}.`,
      'The bus may hold 1 GiB, so that twice the rate reaches its bound: from there on 503 is the right answer, and senders send again later.',
      '',
      markdownTable(
        [
          'phase',
          'offered, spans/s',
          's',
          'acknowledged',
          'p50, ms',
          'p99, ms',
          'refused',
          'p99, ms',
          'dropped by senders',
        ],
        [
          phaseRow('quiet', quiet),
          phaseRow('twice of it, nobody bad', busy),
          phaseRow('twice of it, among bad clients', loud),
        ],
      ),
      '',
      markdownTable(['bad client', 'answers'], badRows(result)),
      '',
      ...(loud.seconds < SHORTEST_SECONDS
        ? [`Less than ${SHORTEST_SECONDS} s say nothing of whether memory is flat.`]
        : []),
      `RssAnon by the minute, MiB: ${byMinute(result).join(', ')}. RssFile at most ${thousands(result.rssFileMib)} MiB.`,
      `After the end all was stored and decided within ${Math.round(result.drainSeconds)} s; ${thousands(stored.tracesDecided)} traces.`,
    ].join('\n'),
    claims: [
      ...(loud.seconds < SHORTEST_SECONDS ? [] : [memoryClaim(result)]),
      latencyClaim(result),
      ...storeClaims(result),
      ...badClaims(result),
    ],
  };
}

function phaseRow(name: string, { offeredPerSecond, seconds, seen }: Phase): readonly string[] {
  const { acknowledgedMs, refusedMs, dropped } = seen;
  const at = (values: readonly number[], quantile: number): string =>
    values.length === 0 ? '' : percentile(values, quantile).toFixed(1);
  return [
    name,
    thousands(offeredPerSecond),
    String(seconds),
    thousands(acknowledgedMs.length),
    at(acknowledgedMs, 0.5),
    at(acknowledgedMs, 0.99),
    thousands(refusedMs.length),
    at(refusedMs, 0.99),
    thousands(dropped),
  ];
}

function memoryClaim({ rssAnonMib }: Overload): Claim {
  const settleMs = SETTLE_MINUTES * 60_000;
  const { perMinute, standardError, mean } = leastSquares(rssAnonMib.filter(({ atMs }) => atMs >= settleMs));
  const bound = (FLAT_SHARE * mean) / FLAT_MINUTES;
  return {
    text: `RssAnon is flat after ${SETTLE_MINUTES} minutes`,
    holds: perMinute <= bound,
    figures: `slope ${perMinute.toFixed(2)} ± ${standardError.toFixed(2)} MiB/min at ${Math.round(mean)} MiB; bound ${bound.toFixed(2)} (5 % of the mean in ${FLAT_MINUTES} minutes)`,
  };
}

function latencyClaim({ quiet, busy, loud }: Overload): Claim {
  const [before, alone, among] = [quiet, busy, loud].map(({ seen }) => percentile(seen.acknowledgedMs, 0.99)) as [
    number,
    number,
    number,
  ];
  return {
    text: "healthy clients' p99 is within twice the quiet figure",
    holds: among <= LATENCY_FACTOR * before,
    figures: `${among.toFixed(1)} ms, ${before.toFixed(1)} ms when quiet: ${(among / before).toFixed(2)} times; ${alone.toFixed(1)} ms at twice the rate with nobody bad`,
  };
}

function storeClaims({ stored, quiet, busy, loud }: Overload): readonly Claim[] {
  const { acknowledgedSpans, lostSpans, rows, rowsTooMany } = stored;
  return [
    {
      text: 'nothing acknowledged is lost',
      holds: lostSpans === 0,
      figures: `${thousands(acknowledgedSpans)} spans acknowledged, ${thousands(lostSpans)} not in the store`,
    },
    {
      text: 'no span has more rows than times it may have been taken',
      holds: rowsTooMany === 0,
      figures: `${thousands(rows)} rows, ${[quiet, busy, loud].reduce((sum, { seen }) => sum + seen.unknown, 0)} requests without an answer; too many: ${rowsTooMany}`,
    },
  ];
}

function badClaims({ bad }: Overload): readonly Claim[] {
  const answers = [...bad.answers.values()].flatMap((counts) => [...counts]);
  const count = (of: (status: number) => boolean): number =>
    answers.filter(([status]) => of(status)).reduce((sum, [, times]) => sum + times, 0);
  const wrong = count((status) => status < 400 && status !== 0) + count((status) => status >= 500 && status !== 503);
  const silent = count((status) => status === 0);
  return [
    {
      text: 'every malformed request and every bomb is answered 4xx, or 503 while nothing is taken',
      holds: wrong === 0 && silent === 0,
      figures: `${count(() => true)} requests, ${wrong} answered otherwise, ${silent} not answered`,
    },
    {
      text: 'connections that send a header byte a second are closed',
      holds: bad.slowClosed > 0,
      figures: `${bad.slowOpened} opened, ${bad.slowClosed} closed by Assay, 64 open at a time`,
    },
  ];
}

function badRows({ bad }: Overload): readonly (readonly string[])[] {
  return [...bad.answers].map(([name, counts]) => [
    name,
    [...counts].map(([status, times]) => `${status === 0 ? 'closed' : status} × ${times}`).join(', '),
  ]);
}

function byMinute({ rssAnonMib }: Overload): readonly string[] {
  const minutes = Math.ceil((rssAnonMib.at(-1)?.atMs ?? 0) / 60_000);
  return Array.from({ length: minutes }, (_, minute) => {
    const of = rssAnonMib.filter(({ atMs }) => Math.floor(atMs / 60_000) === minute).map(({ value }) => value);
    return String(Math.round(of.reduce((sum, value) => sum + value, 0) / of.length));
  });
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

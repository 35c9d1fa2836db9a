import type { ErasedTraces } from '../api.js';
import { count, type Paint } from '../render/format.js';

/** What an erasure cannot or does not reach. The guide docs/guides/erasing.md says more of each. */
export const REMAINS: readonly string[] = [
  'the ledger: a row per decision and verdict with its outcome, numbers, service and release, without text, session and user',
  'the trace and span ids, hashes of span ids in the index of decided traces, and a note that these traces were erased',
  'cases of the adversarial set that were made from these traces, with the text that was copied into them: nobody can take one out',
  'copies of the data directory, such as backups and snapshots, and blocks of the disk that the files gave up until they are used again',
  'what left this machine: verdicts that were published, and what the judge model’s provider keeps of its requests',
];

/** Where the bus is Kafka, whose topics lose records by age alone. */
const REMAINS_ON_KAFKA =
  'the records on Kafka, which takes no single ones out: they go when they are bus.retention.hours old (dead letters: bus.retention.deadLetters.hours), as assay topics list shows';

/** All that an erasure did not reach. */
export function remainsOf({ busRecords, dryRun }: Pick<ErasedTraces, 'busRecords' | 'dryRun'>): readonly string[] {
  return busRecords === null && !dryRun ? [...REMAINS, REMAINS_ON_KAFKA] : REMAINS;
}

/** What was erased, or would be, for people. */
export function renderErased(erased: ErasedTraces, paint: Paint): string {
  const { traces, openTraces, dryRun } = erased;
  const open = openTraces === 0 ? '' : `, ${count(openTraces)} of them not decided yet`;
  const title = `${dryRun ? 'Would erase' : 'Erased'} the content of ${numberOf(traces.length, 'trace')}${open}`;
  const rows: readonly (readonly [label: string, value: number | null])[] = [
    ['spans', erased.spans],
    ['log records', erased.logs],
    ['decisions stripped of text', erased.decisions],
    ['verdicts stripped of text', erased.verdicts],
    ['labels stripped of their comment', erased.labels],
    ['records on the bus', erased.busRecords],
    ['entries of the judge', erased.judgeEntries],
  ];
  const lines = rows.flatMap(([label, value]) => (value === null ? [] : [`  ${count(value).padStart(8)}  ${label}`]));
  if (dryRun) return [paint.bold(title), ...lines].join('\n');
  return [paint.bold(title), ...lines, '', 'What remains:', ...remainsOf(erased).map((line) => `  - ${line}`)].join(
    '\n',
  );
}

function numberOf(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

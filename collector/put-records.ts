import { appendFitting, isTaken, type Fitting } from '../core/append-fitting.js';
import type { Log, LogRecord } from '../core/log.js';

const AS_THEY_ARE = { cut: 0, rejected: 0 } as const;

/**
 * Resolves once the bus holds the records. What is too large for it goes there in several records of the same key, and a single
 * span, or log record, with its longest texts cut.
 *
 * @returns how many were cut, and how many were left out since not even that was enough
 */
export async function putRecords(
  records: readonly LogRecord[],
  log: Pick<Log, 'append'>,
): Promise<Pick<Fitting, 'cut' | 'rejected'>> {
  if (await isTaken(() => log.append(records))) return AS_THEY_ARE;
  const sum = { cut: 0, rejected: 0 };
  for (const record of records) {
    // The bus does not say which of several it was. Those that it has taken come twice, and are counted once.
    if (records.length > 1 && (await isTaken(() => log.append([record])))) continue;
    const { cut, rejected } = await appendFitting(record, (part) => log.append([part]));
    sum.cut += cut;
    sum.rejected += rejected;
  }
  return sum;
}

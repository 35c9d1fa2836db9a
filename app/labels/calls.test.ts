import { describe, expect, it } from 'vitest';
import type { Decision } from '../../core/decision.js';
import type { LogRecord } from '../../core/log.js';
import { labelCalls, type LabelDeps } from './calls.js';

const KNOWN = 'ab'.repeat(16);
const DECISION = { tenant: 'acme', traceId: KNOWN, version: 2, criteria: ['polite'] } as unknown as Decision;

function calls(): { readonly calls: ReturnType<typeof labelCalls>; readonly appended: LogRecord[] } {
  const appended: LogRecord[] = [];
  const deps = {
    reader: { decisionsOfMany: async () => new Map([[KNOWN, DECISION]]) },
    log: { append: async (records: readonly LogRecord[]) => void appended.push(...records) },
    clock: { nowMs: () => 1_760_000_000_000 },
  } as unknown as LabelDeps;
  return { calls: labelCalls(deps), appended };
}

describe('addLabels', () => {
  it('puts a label on the bus, filled in from the decision that it is about', async () => {
    const { calls: own, appended } = calls();
    expect(await own.addLabels([{ traceId: KNOWN, criterion: 'polite', value: 'fail' }], false)).toEqual({
      added: 1,
      refused: [],
    });
    expect(appended).toHaveLength(1);
    expect(appended[0]).toMatchObject({ topic: 'labels', key: KNOWN, headers: { 'assay.tenant': 'acme' } });
    expect(JSON.parse(new TextDecoder().decode(appended[0]!.value))).toMatchObject({
      ...{ tenant: 'acme', version: 2, criterion: 'polite', value: 'fail', source: 'annotator', queue: 'chosen' },
      ...{ annotator: '', comment: '', labelledAtMs: 1_760_000_000_000 },
    });
  });

  it.each([
    [{ traceId: 'cd'.repeat(16) }, 'expected a trace that was decided'],
    [{ criterion: 'true' }, 'expected a criterion that applies to the trace (polite), got true'],
    [{ tenant: 'other' }, 'expected the trace’s own tenant acme, got other'],
    [{ version: 3 }, 'expected a version up to 2, got 3'],
  ])('takes none where one is refused: %j', async (changes, reason) => {
    const { calls: own, appended } = calls();
    const good = { traceId: KNOWN, criterion: 'polite', value: 'pass' } as const;
    const { added, refused } = await own.addLabels([good, { ...good, ...changes }], false);
    expect(added).toBe(0);
    expect(refused).toEqual([{ index: 1, reason: expect.stringContaining(reason) as string }]);
    expect(appended).toEqual([]);
  });

  it('writes nothing in a dry run', async () => {
    const { calls: own, appended } = calls();
    await own.addLabels([{ traceId: KNOWN, criterion: 'polite', value: 'pass' }], true);
    expect(appended).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import { assayConfig } from './config.js';

const problems = (config: object) =>
  (assayConfig.safeParse(config).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('settings that cannot go together', () => {
  it('are none of the defaults', () => {
    expect(problems({})).toEqual([]);
  });

  it('are an index that forgets a trace before the bus forgets its spans', () => {
    expect(problems({ sampler: { indexHours: 12 } })).toEqual([
      'sampler.indexHours: expected more than bus.retention.hours (24), got 12',
    ]);
    expect(problems({ sampler: { indexHours: 24 } })).toHaveLength(1);
    expect(problems({ sampler: { indexHours: 24.5 } })).toEqual([]);
  });

  it('are a journal that forgets a judgement before the bus does', () => {
    expect(problems({ judges: { journalRetentionHours: 23 } })).toEqual([
      'judges.journalRetentionHours: expected at least bus.retention.hours (24), got 23',
    ]);
    expect(problems({ judges: { journalRetentionHours: 24 } })).toEqual([]);
  });

  it('are a store that drops spans which late ones of the same trace are read back with', () => {
    expect(problems({ store: { retention: { days: 2 } } })).toEqual([
      'store.retention.days: expected more than sampler.indexHours (48 h), or 0 to keep everything, got 2 (48 h)',
    ]);
    expect(problems({ store: { retention: { days: 3 } } })).toEqual([]);
    expect(problems({ store: { retention: { days: 0 } } })).toEqual([]);
  });

  it('are both told at once when the bus keeps more than either', () => {
    expect(problems({ bus: { retention: { hours: 200 } } })).toEqual([
      'sampler.indexHours: expected more than bus.retention.hours (200), got 48',
      'judges.journalRetentionHours: expected at least bus.retention.hours (200), got 168',
    ]);
  });
});

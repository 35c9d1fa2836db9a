import { describe, expect, it } from 'vitest';
import { samplerConfig } from './config.js';

describe('samplerConfig', () => {
  it('has a default for everything but the salt', () => {
    expect(samplerConfig.parse({})).toMatchObject({
      pi: { suspected: 1, unsuspected: 0.1, incomplete: 1, settled: 0.01 },
      quietMs: 2_000,
      deadlineMs: 600_000,
      maxVersions: 3,
    });
    expect(samplerConfig.parse({}).salt).toBeUndefined();
  });

  it('refuses a deadline that comes before the quiet, naming the key', () => {
    const issues = samplerConfig.safeParse({ quietMs: 60_000, deadlineMs: 30_000 }).error?.issues;
    expect(issues).toMatchObject([
      { path: ['deadlineMs'], message: 'expected more than sampler.quietMs (60000), got 30000' },
    ]);
  });

  it.each([{ pi: { unsuspected: 0 } }, { pi: { unsuspected: 1.5 } }, { pi: { odd: 1 } }, { salt: 'short' }])(
    'refuses %j',
    (value) => {
      expect(samplerConfig.safeParse(value).success).toBe(false);
    },
  );

  it('never shows the salt', () => {
    expect(JSON.stringify(samplerConfig.parse({ salt: 'a very secret salt' }))).not.toContain('secret');
  });
});

import { describe, expect, it } from 'vitest';
import { PipelineError } from '../core/errors.js';
import { loadConfig } from './load-config.js';

function refusal(...sets: readonly string[]): string {
  try {
    loadConfig({ sets, env: {} });
  } catch (error) {
    if (error instanceof PipelineError) return error.message;
    throw error;
  }
  throw new Error('expected the settings to be refused');
}

describe('explainIssue', () => {
  it('never shows a value that may be a secret', () => {
    expect(refusal('sampler.salt=s3cr3t-salt')).toBe(
      '--set sampler.salt: sampler.salt: expected at least 16 characters, got a hidden value',
    );
    expect(refusal('models.judge.apiKey=12345')).not.toContain('12345');
  });

  it('cuts a long value', () => {
    expect(refusal(`log.level=${'x'.repeat(500)}`).length).toBeLessThan(200);
  });

  it('says every issue on a line of its own', () => {
    expect(refusal('store.flushMs=1', 'judges.votes=2').split('\n')).toHaveLength(2);
  });
});

import { describe, expect, it } from 'vitest';
import { PipelineError, type ErrorCode } from '../core/errors.js';
import type { Model } from '../core/model.js';
import { createProviderNotices } from './provider-notices.js';

function setup(role: 'judge' | 'confirm' = 'judge') {
  let now = 0;
  const lines: string[] = [];
  const model = { provider: 'openai', name: 'm' } as Model;
  const clock = { nowMs: () => now, sleep: () => Promise.resolve() };
  const announce = (text: string): void => void lines.push(text);
  const notices = createProviderNotices({ giveUpAfterMs: 300_000 }, { model, role, clock, announce });
  const fail = (code: ErrorCode, brief?: string): void => {
    const cause = brief === undefined ? {} : { brief };
    notices.failed(new PipelineError(code, 'the provider repeats: my secret order', { cause }));
  };
  const wait = (ms: number): void => {
    now += ms;
  };
  return { lines, fail, wait, answer: (beganAtMs = now) => { notices.answered(beganAtMs); } }; // prettier-ignore
}

describe('createProviderNotices', () => {
  it('says once that verdicts become errors under a refused key, in words of its own', () => {
    const { lines, fail, wait } = setup();
    for (let call = 0; call < 50; call += 1) {
      fail('MODEL_REFUSED', 'HTTP 401: check the key');
      wait(10_000);
    }
    expect(lines).toEqual([
      'The judge, openai model m, does not answer as it should: HTTP 401: check the key. Until it does, verdicts become errors; no trace is failed for it.',
    ]);
  });

  it('says that judgements wait when trying again can help, and then that it answers', () => {
    const { lines, fail, answer, wait } = setup();
    answer();
    fail('MODEL_UNREACHABLE', 'the connection failed (ECONNREFUSED)');
    wait(1);
    answer(0 - 1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\(ECONNREFUSED\)\. Judgements wait and are tried again, each vote for up to 300 s\.$/);
    answer();
    answer();
    expect(lines.slice(1)).toEqual(['The judge, openai model m, answers again.']);
  });

  it('tells of at most one failure a minute when the provider comes and goes', () => {
    const { lines, fail, answer, wait } = setup();
    for (let second = 0; second < 180; second += 1) {
      fail('MODEL_THROTTLED');
      wait(1000);
      answer();
    }
    expect(lines.filter((line) => line.includes('does not answer'))).toHaveLength(3);
    expect(lines.filter((line) => line.includes('answers again'))).toHaveLength(3);
  });

  it('tells of replies that cannot be used when there are three in a row', () => {
    const { lines, fail, answer } = setup();
    for (let call = 0; call < 2; call += 1) fail('MODEL_REPLY_INVALID');
    answer();
    for (let call = 0; call < 2; call += 1) fail('MODEL_REPLY_INVALID');
    expect(lines).toEqual([]);
    fail('MODEL_REPLY_INVALID');
    expect(lines[0]).toContain('its replies cannot be used. Until it does, verdicts become errors');
  });

  it('tells of a refusal after an outage, once the minute is over', () => {
    const { lines, fail, wait } = setup();
    fail('MODEL_UNREACHABLE');
    fail('MODEL_REFUSED');
    expect(lines).toHaveLength(1);
    wait(60_000);
    fail('MODEL_REFUSED');
    expect(lines).toHaveLength(2);
  });

  it('says of the judge that confirms fails what follows there', () => {
    const { lines, fail, answer, wait } = setup('confirm');
    fail('MODEL_REFUSED', 'it refused the key');
    wait(1);
    answer();
    expect(lines).toEqual([
      'The judge that confirms fails, openai model m, does not answer as it should: it refused the key. Until it does, fails stand as the first judge said, unconfirmed.',
      'The judge that confirms fails, openai model m, answers again.',
    ]);
  });
});

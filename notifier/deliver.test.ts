import { describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import type { Fetch } from '../core/post.js';
import { Secret } from '../core/secret.js';
import { waitAfter } from './backoff.js';
import { deliver } from './deliver.js';
import type { Sender } from './senders/sender.js';
import { NEVER } from './world.test-support.js';

const MESSAGE = { url: 'https://receiver.test/', headers: {}, body: '{}' };
const SENDER: Sender = {
  paceMs: 0,
  reassertEveryMs: 0,
  reassertedStates: [],
  secrets: [new Secret('sesame-77')],
  tell: () => MESSAGE,
};

const send = (fetch: Fetch) => deliver(MESSAGE, SENDER, { fetch, clock: systemClock, timeoutMs: 1_000, signal: NEVER });
const answering =
  (status: number, body = '', headers = {}): Fetch =>
  async () =>
    new Response(status === 204 ? null : body, { status, headers });
const failing =
  (code: string): Fetch =>
  async () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('sesame-77'), { code }) });
  };

describe('one request', () => {
  it.each([200, 202, 204])('is taken by %i, whatever it says', async (status) => {
    expect(await send(answering(status, 'not JSON'))).toEqual({ outcome: 'taken', reason: '' });
  });

  it.each([
    [408, true],
    [425, false],
    [429, false],
    [500, true],
    [502, true],
    [503, true],
    [599, true],
  ])('is sent again after %i, and may have arrived: %s', async (status, arrived) => {
    const answer = await send(answering(status, '', { 'retry-after': '7' }));
    expect(answer).toEqual({ outcome: 'again', reason: `HTTP ${status}`, arrived, retryAfterMs: 7_000 });
  });

  it.each([301, 307, 400, 401, 403, 404, 410, 413, 422])('is refused for good by %i', async (status) => {
    expect(await send(answering(status, 'no_service'))).toEqual({
      outcome: 'refused',
      reason: `HTTP ${status}: no_service`,
    });
  });

  it.each([
    ['ECONNREFUSED', false],
    ['ENOTFOUND', false],
    ['UND_ERR_CONNECT_TIMEOUT', false],
    ['ECONNRESET', true],
    ['UND_ERR_SOCKET', true],
  ])('is sent again after %s, and may have arrived: %s', async (code, arrived) => {
    expect(await send(failing(code))).toMatchObject({ outcome: 'again', reason: `no connection: ${code}`, arrived });
  });

  it.each([
    ['{"status":"invalid event","message":"bad","errors":["a","b"]}', 'bad; a; b'],
    ['"bad alert"', 'bad alert'],
    ['{"code":601,"message":"no labels"}', 'no labels'],
    ['null', 'null'],
    ['the key sesame-77 is unknown', 'the key ******** is unknown'],
    [`${'x'.repeat(195)} sesame-77`, `${'x'.repeat(195)} ****`],
    ['two\nlines \u001b[31m', 'two lines [31m'],
  ])('says of %j only %j', async (body, words) => {
    expect(await send(answering(400, body))).toEqual({ outcome: 'refused', reason: `HTTP 400: ${words}` });
  });
});

describe('the wait after failures', () => {
  const bounds = { backoffMs: 1_000, maxBackoffMs: 300_000 };
  const wait = (failures: number, random: number, retryAfterMs?: number) =>
    waitAfter(failures, { ...bounds, random: () => random, retryAfterMs });

  it('is drawn from below a bound that doubles, up to the highest', () => {
    expect([1, 2, 3, 9, 10, 99].map((failures) => wait(failures, 0.5))).toEqual([
      500, 1_000, 2_000, 128_000, 150_000, 150_000,
    ]);
    expect(wait(5, 0)).toBe(1);
    expect(wait(5, 0.999_999)).toBe(16_000);
  });

  it('is at least what the receiver asks, and at most a day', () => {
    expect(wait(1, 0.5, 20_000)).toBe(20_000);
    expect(wait(10, 0.5, 20_000)).toBe(150_000);
    expect(wait(1, 0.5, 10 * 86_400_000)).toBe(86_400_000);
  });
});

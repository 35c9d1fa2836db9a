import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../../core/otlp/testing.test-support.js';
import type { StoredRecord } from '../../core/log.js';
import { problemOf } from './check-answer.js';
import { takeRecord, Unreadable } from './check-records.js';
import { readCorpus } from './corpus.js';
import { fuzz } from './fuzz.js';
import { createInput, type Input } from './input.js';
import { minimise } from './minimise.js';
import type { Answer } from './send.js';

/** The machine that runs this may be busy with other things: a hang is what takes longer than this. */
const ANSWER_MS = 10_000;
const SECONDS = 12;

describe('spoilt requests', () => {
  it.each([1, 20_240_731])(
    'of seed %i are answered as they may be, and what is acknowledged can be read and stored',
    { timeout: 90_000 },
    async (seed) => {
      const result = await fuzz({
        seed,
        count: 2_000,
        maxMs: SECONDS * 1_000,
        roles: 'receive',
        connections: 8,
        answerMs: ANSWER_MS,
        maxRssAnonMib: 400,
        withStore: true,
        signal: new AbortController().signal,
      });
      const failures = result.failures.map(
        ({ number, message }) => `npm run fuzz -- --seed ${seed} --only ${number}: ${message}`,
      );
      expect(failures).toEqual([]);
      expect(result.records).toBeGreaterThan(20);
    },
  );
});

describe('fuzzing', () => {
  const corpus = readCorpus();

  it('begins with every capture and every row of the table of bad inputs', () => {
    const rows = new Set(corpus.map(({ name }) => /^row-(\d\d)/.exec(name)?.[1]).filter((row) => row !== undefined));
    expect(rows.size).toBe(40);
    expect(corpus.filter(({ kind }) => kind === 'capture').length).toBeGreaterThan(40);
  });

  it('gives the same input for the same seed and number', () => {
    const hash = ({ body, ...about }: Input): string =>
      JSON.stringify(about) + createHash('sha256').update(body).digest('hex');
    const inputs = (seed: number): readonly string[] =>
      Array.from({ length: 200 }, (_, at) => hash(createInput(corpus, seed, at)));
    expect(inputs(3)).toEqual(inputs(3));
    expect(inputs(4)).not.toEqual(inputs(3));
  });

  it('finds fault with a 500, an empty 503, another encoding, and a refusal of what is right', () => {
    const input = {
      ...createInput(corpus, 1, 1),
      door: 'http',
      method: 'POST',
      path: '/v1/traces',
      isRight: true,
    } as const;
    const json = { ...input, headers: { 'content-type': 'application/json' } };
    const answer = (status: number, body: string, headers = {}): Answer => ({
      kind: 'http',
      status,
      body: Buffer.from(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
    const full = '{"code":14,"message":"too many bytes are in flight"}';
    expect(problemOf(json, answer(200, '{}'))).toBeUndefined();
    expect(problemOf({ ...json, isRight: false }, answer(503, full, { 'retry-after': '1' }))).toBeUndefined();
    expect(problemOf(json, answer(500, ''))).toContain('got 500');
    expect(problemOf({ ...json, isRight: false }, answer(503, full))).toContain('Retry-After');
    expect(
      problemOf({ ...json, isRight: false }, answer(503, '{"code":14,"message":"the bus"}', { 'retry-after': '1' })),
    ).toContain('what is full');
    expect(problemOf(json, answer(200, '', { 'content-type': 'application/x-protobuf' }))).toContain(
      'in application/json',
    );
    expect(problemOf(json, answer(400, full))).toContain('a request that is right');
    expect(problemOf({ ...json, isRight: false }, answer(400, '{"code'))).toContain('decodes');
    expect(problemOf(json, { kind: 'late', afterMs: 5 })).toContain('within 5 ms');
    expect(
      problemOf(
        { ...input, door: 'grpc' },
        { kind: 'grpc', code: 13, message: 'x', retries: false, body: Buffer.alloc(0) },
      ),
    ).toContain('got 13');
  });

  it('finds fault with a record that does not decode, has another key, or no tenant', () => {
    const value = encodeRequest([
      {
        resource: { 'assay.tenant': 'default' },
        scopes: [{ spans: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) }] }],
      },
    ]);
    const record: StoredRecord = {
      topic: 'spans',
      key: 'ab'.repeat(16),
      value,
      headers: { 'assay.tenant': 'default' },
      partition: 0,
      offset: 0,
      acceptedAtMs: 0,
    };
    const take = (changes: Partial<StoredRecord>) => () => {
      takeRecord({ ...record, ...changes }, { spans: [], logs: [] });
    };
    expect(take({})).not.toThrow();
    for (const changes of [
      { value: value.subarray(1) },
      { key: 'cd'.repeat(16) },
      { headers: {} },
      { value: encodeRequest([]) },
    ])
      expect(take(changes)).toThrow(Unreadable);
  });

  it('makes a failing input as small as it fails', async () => {
    const bytes = Buffer.concat([Buffer.alloc(200, 1), Buffer.from([7]), Buffer.alloc(90, 1), Buffer.from([9])]);
    expect(await minimise(bytes, (smaller) => smaller.includes(7) && smaller.includes(9))).toEqual(Buffer.from([7, 9]));
  });
});

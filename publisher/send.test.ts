import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import { WireWriter } from '../core/otlp/wire-writer.js';
import { Secret } from '../core/secret.js';
import { startSink, type Sink, type SinkAnswer } from '../test/helpers/otlp-sink.js';
import { send, type Answer } from './send.js';

const NEVER = new AbortController().signal;
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

describe('one request', () => {
  let sink: Sink;
  beforeEach(async () => {
    sink = await startSink();
  });
  afterEach(async () => {
    await sink.close();
  });

  function post(answer: SinkAnswer, timeoutMs = 10_000, signal = NEVER): Promise<Answer> {
    sink.answer(answer);
    const target = { url: `${sink.url}/v1/logs`, headers: { 'X-Api-Key': new Secret('sesame-77') }, timeoutMs };
    return send(Buffer.from('bytes'), target, { fetch, clock: systemClock, signal });
  }

  it('carries the bytes, their type and the headers', async () => {
    expect(await post({})).toEqual({ status: 'taken', rejected: 0, message: '' });
    const [request] = sink.requests;
    expect(request!.path).toBe('/v1/logs');
    expect(request!.body.toString()).toBe('bytes');
    expect(request!.headers).toMatchObject({ 'content-type': 'application/x-protobuf', 'x-api-key': 'sesame-77' });
  });

  it.each([429, 502, 503, 504])('asks to be sent again after %i, when the receiver says', async (status) => {
    const answer = await post({ status, headers: { 'retry-after': '7', ...PROTOBUF } });
    expect(answer).toEqual({ status: 'again', reason: `HTTP ${status}`, retryAfterMs: 7_000 });
  });

  it.each([400, 401, 403, 404, 413, 415, 500, 501])('is refused for good by %i', async (status) => {
    const body = JSON.stringify({ code: 3, message: 'no such\nproject' });
    expect(await post({ status, headers: JSON_TYPE, body })).toEqual({
      status: 'refused',
      reason: `HTTP ${status}: no such project`,
    });
  });

  it('follows no redirect, which would carry the headers elsewhere', async () => {
    const other = await startSink();
    const answer = await post({ status: 307, headers: { location: `${other.url}/v1/logs` } });
    expect(answer).toEqual({ status: 'refused', reason: 'HTTP 307' });
    expect(other.requests).toHaveLength(0);
    await other.close();
  });

  it('tells no secret that the receiver repeats', async () => {
    const answer = await post({ status: 401, body: 'the key sesame-77 is unknown' });
    expect(answer).toEqual({ status: 'refused', reason: 'HTTP 401: the key ******** is unknown' });
  });

  it('reads a refusal in protobuf', async () => {
    const writer = new WireWriter();
    writer.uint32(1, 3);
    writer.string(2, 'invalid trace id');
    const body = Buffer.from(writer.finish());
    expect(await post({ status: 400, headers: PROTOBUF, body })).toEqual({
      status: 'refused',
      reason: 'HTTP 400: invalid trace id',
    });
  });

  it('counts what the receiver did not take, in protobuf and in JSON', async () => {
    const writer = new WireWriter();
    const partial = writer.open(1);
    writer.int64(1, 2);
    writer.string(2, 'too old');
    writer.close(partial);
    const body = Buffer.from(writer.finish());
    const expected = { status: 'taken', rejected: 2, message: 'too old' };
    expect(await post({ headers: PROTOBUF, body })).toEqual(expected);
    const json = JSON.stringify({ partialSuccess: { rejectedLogRecords: '2', errorMessage: 'too old' } });
    expect(await post({ headers: JSON_TYPE, body: json })).toEqual(expected);
  });

  it.each([
    ['no protobuf', PROTOBUF, Buffer.from([0x0a, 0xff, 0xff])],
    ['no JSON', JSON_TYPE, 'ok'],
    ['JSON null', JSON_TYPE, 'null'],
    ['a negative count', JSON_TYPE, '{"partialSuccess":{"rejectedLogRecords":-4}}'],
  ])('is taken when the answer is 200 with %s', async (_, headers, body) => {
    expect(await post({ headers, body })).toEqual({ status: 'taken', rejected: 0, message: '' });
  });

  it('reads no more of an endless answer than matters', async () => {
    const answer = await post({ status: 400, body: 'x'.repeat(50_000_000) });
    expect(answer).toEqual({ status: 'refused', reason: `HTTP 400: ${'x'.repeat(200)}` });
  });

  it('asks to be sent again when no answer comes in time', async () => {
    expect(await post({ silent: true }, 50)).toEqual({ status: 'again', reason: 'no answer within 50 ms' });
  });

  it('asks to be sent again when nobody listens', async () => {
    const gone = await startSink();
    await gone.close();
    const target = { url: `${gone.url}/v1/logs`, headers: {}, timeoutMs: 1_000 };
    expect(await send(Buffer.of(1), target, { fetch, clock: systemClock, signal: NEVER })).toEqual({
      status: 'again',
      reason: 'no connection: ECONNREFUSED',
    });
  });

  it('ends at once when it is given up', async () => {
    const given = new AbortController();
    const answer = post({ silent: true }, 60_000, given.signal);
    await sink.had(1);
    given.abort();
    expect((await answer).status).toBe('again');
  });
});

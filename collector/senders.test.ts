import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { callGrpc, grpcClient, LOGS_SERVICE } from '../test/helpers/otlp-grpc.js';
import { collectorConfig } from './index.js';
import { JSON_TYPE, PROTOBUF, send, startRig, statusOf } from './rig.test-support.js';

const VALID = encodeRequest([
  { scopes: [{ spans: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }] }] },
]);
const [OLD, NEW, LOGS] = ['old-token-0123456789', 'new-token-0123456789', 'log-token-0123456789'];
const AUTH = {
  tenant: 'house',
  auth: {
    tokens: [
      { token: OLD, tenant: 'acme' },
      { token: NEW, tenant: 'acme' },
      { token: LOGS, signals: ['logs'] },
    ],
  },
};
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a sender with a token', () => {
  it.each([
    ['Bearer', { authorization: `Bearer ${OLD}` }],
    ['bearer in small letters', { authorization: `bearer  ${OLD}` }],
    ['the other token of a rotation', { authorization: `Bearer ${NEW}` }],
    ['the password of Basic', { authorization: basic(`anybody:${OLD}`) }],
    ['x-api-key', { 'x-api-key': OLD }],
  ])('is let in, and what it sends is of its tenant: %s', async (_name, headers) => {
    const rig = await startRig(AUTH);
    expect((await send(rig, { headers: { ...PROTOBUF, ...headers }, body: VALID })).status).toBe(200);
    expect((await callGrpc(grpcClient(rig.collector), { body: VALID, metadata: headers })).code).toBe(0);
    expect(rig.log.records.map((record) => record.headers)).toEqual([
      { 'assay.tenant': 'acme' },
      { 'assay.tenant': 'acme' },
    ]);
  });

  it('may be a key in two halves, as Langfuse has it', async () => {
    const rig = await startRig({ auth: { tokens: [{ token: 'pk-lf-0123:sk-lf-4567' }] } });
    const headers = { ...JSON_TYPE, authorization: basic('pk-lf-0123:sk-lf-4567') };
    const body = readFileSync(new URL('../test/fixtures/captures/langfuse/01-traces.body.json', import.meta.url));
    expect((await send(rig, { path: '/api/public/otel/v1/traces', headers, body: [body] })).status).toBe(200);
    expect(rig.log.records.length).toBeGreaterThan(0);
  });

  it('may send nothing else than it is for, and has the tenant of the settings when it names none', async () => {
    const rig = await startRig(AUTH);
    const headers = { ...PROTOBUF, 'x-api-key': LOGS };
    expect((await send(rig, { headers, body: VALID })).status).toBe(403);
    expect((await send(rig, { path: '/v1/metrics', headers, body: '' })).status).toBe(403);
    expect((await send(rig, { path: '/v1/logs', headers, body: '' })).status).toBe(200);
    const metadata = { 'x-api-key': LOGS };
    expect((await callGrpc(grpcClient(rig.collector), { body: VALID, metadata })).code).toBe(7);
    expect(
      (await callGrpc(grpcClient(rig.collector), { path: LOGS_SERVICE, body: new Uint8Array(), metadata })).code,
    ).toBe(0);
  });
});

describe('a sender without a right token', () => {
  it('is told 401 before its body is read, and no bytes are held', async () => {
    const rig = await startRig(AUTH);
    const headers = { ...JSON_TYPE, 'content-length': '60000000', authorization: `Bearer ${OLD.slice(0, -1)}` };
    const reply = await send(rig, { headers, body: [Buffer.from('{')] }).catch((error: unknown) => error as Error);
    expect(reply).toMatchObject({ status: 401 });
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes') ?? 0).toBe(0);
  });

  it('is not told by any answer which tokens there are', async () => {
    const rig = await startRig(AUTH);
    for (const authorization of ['', 'Bearer', 'Basic !!!', `Digest ${OLD}`, `Bearer ${OLD} ${OLD}`]) {
      const reply = await send(rig, { headers: { ...PROTOBUF, authorization }, body: VALID });
      expect(reply.status).toBe(401);
      expect(statusOf(reply).message).not.toContain('token-0123456789');
    }
    expect(rig.log.records).toEqual([]);
  });

  it('may still ask whether Assay lives', async () => {
    const page = { status: 200, contentType: 'text/plain', body: 'ready' };
    const rig = await startRig(AUTH, { admin: () => Promise.resolve(page) });
    expect((await send(rig, { method: 'GET', path: '/readyz' })).status).toBe(200);
  });
});

describe('tokens in the settings', () => {
  it('show nowhere', () => {
    const config = collectorConfig.parse(AUTH);
    expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('token-0123456789');
  });

  it('are long enough, and each is there once', () => {
    const tokens = (...texts: readonly string[]): object => ({ auth: { tokens: texts.map((token) => ({ token })) } });
    expect(() => collectorConfig.parse(tokens('short'))).toThrow('>=16 characters');
    expect(() => collectorConfig.parse(tokens(OLD, OLD))).toThrow('expected each token once');
  });
});

describe('a web page', () => {
  const http = { cors: { allowedOrigins: ['*'] } };
  const origin = 'https://app.example.com';

  it('of any origin may send where * is allowed, without credentials', async () => {
    const rig = await startRig({ http });
    const { headers } = await send(rig, { headers: { ...PROTOBUF, origin }, body: VALID });
    expect([headers['access-control-allow-origin'], headers['access-control-allow-credentials']]).toEqual([
      '*',
      undefined,
    ]);
  });

  it('gets to read why it was refused', async () => {
    const rig = await startRig({ ...AUTH, http: { cors: { allowedOrigins: [origin] } } });
    const { status, headers } = await send(rig, { headers: { ...PROTOBUF, origin }, body: VALID });
    expect([status, headers['access-control-allow-origin'], headers['vary']]).toEqual([401, origin, 'Origin']);
  });

  it('cannot see metrics or readiness', async () => {
    const rig = await startRig(
      { http },
      { admin: () => Promise.resolve({ status: 200, contentType: 'text/plain', body: '' }) },
    );
    const { headers } = await send(rig, { method: 'GET', path: '/metrics', headers: { origin } });
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect((await send(rig, { method: 'OPTIONS', path: '/metrics', headers: { origin } })).status).toBe(405);
  });

  it('is named by its origin alone', () => {
    const origins = (...allowedOrigins: readonly string[]): object => ({ http: { cors: { allowedOrigins } } });
    expect(() => collectorConfig.parse(origins('app.example.com'))).toThrow('expected an origin');
    expect(() => collectorConfig.parse(origins('https://app.example.com/'))).toThrow('expected an origin');
  });
});

describe('real exporters', () => {
  it("find LangSmith's paths, and the answer that its client asks for first", async () => {
    const rig = await startRig();
    const info = await send(rig, { method: 'GET', path: '/info' });
    expect([info.status, JSON.parse(info.body.toString())]).toEqual([200, {}]);
    expect((await send(rig, { path: '/otel/v1/traces', headers: PROTOBUF, body: VALID })).status).toBe(200);
    expect(rig.log.records).toHaveLength(1);
  });

  it('of metrics are told that none is kept, and how many there were', async () => {
    const rig = await startRig();
    const path = '/v1/metrics';
    const body = readFileSync(new URL('../test/fixtures/otlp/otel-genai/05-metrics.body.bin', import.meta.url));
    const reply = await send(rig, { path, headers: PROTOBUF, body });
    expect(reply.status).toBe(200);
    expect(reply.body.toString()).toContain('which are not kept; set OTEL_METRICS_EXPORTER=none');
    const points = [{ asInt: '1' }, { asInt: '2' }];
    const metrics = [
      { name: 'a', sum: { dataPoints: points } },
      { name: 'b', gauge: { data_points: [{}] } },
    ];
    const json = await send(rig, {
      path,
      headers: JSON_TYPE,
      body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
    });
    expect(JSON.parse(json.body.toString())).toEqual({
      partialSuccess: { rejectedDataPoints: '3', errorMessage: expect.stringContaining('not kept') as string },
    });
    expect((await send(rig, { path, headers: JSON_TYPE, body: '{"resourceMetrics":[]}' })).body.toString()).toBe('{}');
    expect((await send(rig, { path, headers: JSON_TYPE, body: '{"resourceSpans":[]}' })).status).toBe(400);
    expect(rig.log.records).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Trajectory } from '../../core/trajectory.js';
import { samplerConfig } from '../config.js';
import { toSpans, type TestSpan } from '../records.test-support.js';
import { excludedAsHealthCheck, excludedByRule } from './index.js';
import { matchesWildcard } from './wildcard.js';

const ROOT: TestSpan = { id: 1, parent: 0, name: 'POST /chat', kind: 2, resource: { 'service.name': 'shop' } };
const NO_STEPS: Pick<Trajectory, 'steps'> = { steps: [] };

function byRule(root: Partial<TestSpan>, exclude: object): string | undefined {
  const spans = toSpans([
    { ...ROOT, ...root },
    { id: 2, parent: 1, name: 'child', attributes: { 'child.only': 'yes' } },
  ]);
  return excludedByRule(spans, spans[0]!, samplerConfig.parse({ exclude }).exclude);
}

function healthCheck(root: Partial<TestSpan>, trajectory = NO_STEPS, exclude: object = {}): string | undefined {
  const [span] = toSpans([{ ...ROOT, ...root }]);
  return excludedAsHealthCheck(span!, trajectory, samplerConfig.parse({ exclude }).exclude);
}

describe('admission rules', () => {
  it('exclude nothing by default', () => {
    expect(byRule({}, {})).toBeUndefined();
  });

  it.each([
    [{ services: ['other', 'shop'] }, 'the service "shop" is named in sampler.exclude.services'],
    [{ services: ['sh*'] }, 'the service "shop" is named in sampler.exclude.services'],
    [{ spanNames: ['POST /chat'] }, 'its root span "POST /chat" is named in sampler.exclude.spanNames'],
    [{ spanNames: ['* /ch*t'] }, 'its root span "POST /chat" is named in sampler.exclude.spanNames'],
    [
      { attributes: { 'test.run': '*' } },
      'its root has the attribute "test.run" that is named in sampler.exclude.attributes',
    ],
    [
      { attributes: { nothing: '*', 'test.run': 7 } },
      'its root has the attribute "test.run" that is named in sampler.exclude.attributes',
    ],
    [
      { attributes: { 'service.name': 's*p' } },
      'its root has the attribute "service.name" that is named in sampler.exclude.attributes',
    ],
  ])('exclude by the root and name the rule: %j', (exclude, reason) => {
    expect(byRule({ attributes: { 'test.run': '7' } }, exclude)).toBe(reason);
  });

  it.each([
    { services: ['shop-2', 'hop', 'sh'] },
    { spanNames: ['child', 'POST', 'post /chat'] },
    { attributes: { 'child.only': '*' } },
    { attributes: { 'test.run': '8' } },
  ])('let pass what they do not name: %j', (exclude) => {
    expect(byRule({ attributes: { 'test.run': '7' } }, exclude)).toBeUndefined();
  });

  it('look at the process, and not at the name, of a span that is no true root', () => {
    const child = { parent: 9, attributes: { 'test.run': '7' } };
    expect(byRule(child, { spanNames: ['*'] })).toBeUndefined();
    expect(byRule(child, { attributes: { 'test.run': '7' } })).toBeUndefined();
    expect(byRule(child, { services: ['shop'] })).toContain('sampler.exclude.services');
    expect(byRule(child, { attributes: { 'service.name': 'shop' } })).toContain('sampler.exclude.attributes');
  });

  it("exclude a trace with any span of Assay's own, whatever is configured", () => {
    const [root] = toSpans([ROOT]);
    const [own] = toSpans([{ id: 2, parent: 1, resource: { 'assay.internal': 'true' } }]);
    const { exclude } = samplerConfig.parse({});
    expect(excludedByRule([root!, own!], root!, exclude)).toBe("Assay's own spans are never judged");
  });

  it('tell a name that is very long in short', () => {
    expect(byRule({ name: 'x'.repeat(100_000) }, { spanNames: ['x*'] })?.length).toBeLessThan(200);
  });
});

describe('health checks', () => {
  it.each<[string, Partial<TestSpan>]>([
    ['url.path', { name: 'GET', attributes: { 'url.path': '/healthz' } }],
    ['url.path with a slash at its end', { attributes: { 'url.path': '/ready/' } }],
    ['http.target with a query', { attributes: { 'http.target': '/live?verbose=1' } }],
    ['url.full of a client', { kind: 3, attributes: { 'url.full': 'https://shop.example:8080/ping' } }],
    ['http.route', { attributes: { 'http.route': '/status' } }],
    ['the name', { name: 'GET /livez' }],
    ['the prober', { attributes: { 'http.request.method': 'GET', 'user_agent.original': 'kube-probe/1.31' } }],
    [
      'the prober, as older instrumentations name it',
      { attributes: { 'http.method': 'GET', 'http.user_agent': 'kube-probe/1.31' } },
    ],
  ])('are known by %s', (_, root) => {
    expect(healthCheck(root)).toBe(
      `its root span "${root.name ?? 'POST /chat'}" is a health check (sampler.exclude.healthChecks)`,
    );
  });

  it.each([
    ['another path', { attributes: { 'url.path': '/chat' } }],
    ['a path that only begins so', { attributes: { 'url.path': '/health-advice' } }],
    ['a path below', { attributes: { 'url.path': '/status/orders' } }],
    ['a path whose name says otherwise', { name: 'GET /health', attributes: { 'url.path': '/chat' } }],
    ['a span that is no request', { kind: 1, attributes: { 'url.path': '/health' } }],
    ['a prober that is no HTTP client', { attributes: { 'user_agent.original': 'kube-probe/1.31' } }],
    ['a request below a root that did not come', { parent: 9, attributes: { 'url.path': '/health' } }],
  ])('are not seen in %s', (_, root) => {
    expect(healthCheck(root)).toBeUndefined();
  });

  it.each(['model', 'tool', 'agent', 'retrieval'] as const)('are none with a %s step', (kind) => {
    const step = { kind, name: 'n', spanId: '2', parentSpanId: '1', durationMs: 1, startNs: 1n };
    expect(healthCheck({ name: 'GET /health' }, { steps: [step] })).toBeUndefined();
    expect(healthCheck({ name: 'GET /health' }, { steps: [{ ...step, kind: 'other' }] })).toBeDefined();
  });

  it('are judged like any other trace when they are not to be excluded', () => {
    expect(healthCheck({ name: 'GET /health' }, NO_STEPS, { healthChecks: false })).toBeUndefined();
  });
});

describe('a wildcard', () => {
  it.each([
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['*', '', true],
    ['a*', 'a', true],
    ['*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*b*c', 'aXbYc', true],
    ['ab*ba', 'aba', false],
    ['a*b*c', 'acb', false],
    ['a.c', 'abc', false],
    ['**', 'anything', true],
  ])('%s of %s: %s', (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected);
  });

  it('does not slow down on a hostile text', () => {
    expect(matchesWildcard('a*a*a*a*a*a*a*a*b', 'a'.repeat(1_000_000))).toBe(false);
  });
});

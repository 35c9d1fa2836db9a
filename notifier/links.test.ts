import { describe, expect, it } from 'vitest';
import { isLinkTemplate, linksOf } from './links.js';
import { makeTransition } from './world.test-support.js';

describe('a link of the settings', () => {
  it.each([
    ['https://grafana.test/d/assay?var-service={service}', true],
    ['http://localhost:3000/{kind}/{alarmId}', true],
    ['https://grafana.test', true],
    ['https://{service}.test/', false],
    ['https://user:secret@grafana.test/', false],
    ['https://grafana.test/{traceId}', false],
    ['javascript:alert(1)', false],
    ['/d/assay', false],
  ])('of %s is fit: %s', (template, expected) => {
    expect(isLinkTemplate(template)).toBe(expected);
  });

  it.each([
    ['1.5.0', 'https://grafana.test/d/1.5.0?x=1.5.0'],
    ['a/b?c&d=e#f', 'https://grafana.test/d/a%2Fb%3Fc%26d%3De%23f?x=a%2Fb%3Fc%26d%3De%23f'],
    ['..', 'https://grafana.test/d/_?x=_'],
    ['\ud83d', 'https://grafana.test/d/%EF%BF%BD?x=%EF%BF%BD'],
    ['y'.repeat(5_000), `https://grafana.test/d/${'y'.repeat(200)}?x=${'y'.repeat(200)}`],
  ])('has a release of %j filled in where it can do nothing', (release, href) => {
    const transition = makeTransition({ subject: { ...makeTransition().subject, release } });
    const links = linksOf(transition, { Dashboard: 'https://grafana.test/d/{release}?x={release}' });
    expect(links).toEqual([{ text: 'Dashboard', href }]);
  });
});

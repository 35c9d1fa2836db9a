import { expect, it } from 'vitest';
import type { AlarmTransition } from '../../core/alarm.js';
import type { NotificationAttempt } from '../../core/notification.js';
import { renderAlarm, renderAlarms, renderTest } from './alarms.js';
import { paintFor } from './format.js';

const paint = paintFor({}, {}, { nowMs: () => 0 });
const FIRING: AlarmTransition = {
  ...{ alarmId: 'ea44bd3fc4845e27', sequence: 1, state: 'firing', kind: 'regression', rule: 'regression' },
  severity: 'critical',
  subject: { tenant: 'acme', service: 'desk', release: '1.1', environment: '', criterion: 'refund-policy' },
  summary: 'desk 1.1 fails refund-policy in 6.3 % of its traces',
  details: { failRate: 0.063, baselineRelease: '1.0' },
  startedAtMs: Date.UTC(2026, 10, 22, 9, 30),
  atMs: Date.UTC(2026, 10, 22, 9, 40),
};
const RESOLVED: AlarmTransition = {
  ...{ ...FIRING, sequence: 2, state: 'resolved', summary: 'it is taken back' },
  ...{ details: { evidence: 8 }, atMs: Date.UTC(2026, 10, 22, 10) },
};
const TOLD: NotificationAttempt = {
  ...{ channel: 'on-call', kind: 'pagerduty', alarmId: FIRING.alarmId, sequence: 1, state: 'firing' },
  ...{
    occasion: 'transition',
    attempt: 1,
    outcome: 'again',
    reason: 'expected 202, got 503',
    tookMs: 12,
    atMs: FIRING.atMs,
  },
};

it('lists alarms with the beginning of their ids, and says how many are open', () => {
  const text = renderAlarms([FIRING, RESOLVED], paint);
  expect(text).toContain('ea44bd3f  firing    critical  2026-11-22 09:30 UTC  desk 1.1 fails refund-policy');
  expect(text).toContain('1 of 2 not resolved');
  expect(renderAlarms([], paint)).toBe('No alarms.');
});

it('shows what raised an alarm also once it is over, with every step and try', () => {
  const text = renderAlarm({ alarm: RESOLVED, steps: [FIRING, RESOLVED], notifications: [TOLD] }, paint);
  expect(text).toMatch(/failRate\s+0\.063/);
  expect(text).toMatch(/release\s+1\.1/);
  expect(text).not.toContain('environment');
  expect(text).toMatch(/09:40 UTC\s+firing: desk 1\.1/);
  expect(text).toMatch(/on-call \(pagerduty\) firing again in 12 ms: expected 202, got 503/);
  expect(renderAlarm({ alarm: FIRING, steps: [FIRING], notifications: [] }, paint)).toContain('nobody');
});

it('lets no control character of a trace reach the terminal', () => {
  const evil = '\u001b[31mred\u0007';
  const hostile: AlarmTransition = { ...FIRING, summary: evil, details: { [evil]: evil } };
  const text =
    renderAlarm({ alarm: hostile, steps: [hostile], notifications: [] }, paint) + renderAlarms([hostile], paint);
  expect(text).not.toMatch(/[\u0007\u001b]/);
});

it('says how a test of a channel went', () => {
  expect(renderTest('on-call', { status: 'taken', kind: 'slack' }, paint)).toContain('took a test alarm');
  expect(renderTest('pager', { status: 'unknown', channels: [{ name: 'on-call', kind: 'slack' }] }, paint)).toContain(
    'notify.channels (on-call), got pager',
  );
  expect(
    renderTest('on-call', { status: 'failed', kind: 'slack', state: 'firing', reason: 'got 404' }, paint),
  ).toContain('did not take the firing test: got 404');
});

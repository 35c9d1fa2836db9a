import { createHash } from 'node:crypto';
import type { AlarmSubject } from './alarm.js';

/** The same for a rule and its subject for ever, whatever it measures and whenever: 32 hex digits. */
export function alarmIdOf(rule: string, { tenant, service, release, environment, criterion }: AlarmSubject): string {
  const identity = JSON.stringify([rule, tenant, service, release, environment, criterion]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

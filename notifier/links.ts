import type { AlarmTransition } from '../core/alarm.js';

/** What a link may have filled in. */
export const LINK_FIELDS = [
  ...['tenant', 'service', 'release', 'environment', 'criterion'],
  ...['rule', 'kind', 'alarmId'],
] as const;

export interface Link {
  readonly href: string;
  readonly text: string;
}

/** Characters of a field that go into a link. */
const MAX_FILLED = 200;

const FIELD = /\{([^{}]*)\}/g;

/** Whether it is an http or https URL once its fields are filled in, and names no other field. */
export function isLinkTemplate(template: string): boolean {
  const names = [...template.matchAll(FIELD)].map(([, name = '']) => name);
  if (!names.every((name) => (LINK_FIELDS as readonly string[]).includes(name))) return false;
  const filled = template.replace(FIELD, 'x');
  // A field before the path could send whoever follows the link to a host that a trace names.
  return /^https?:\/\/[^/{}]+(\/|$)/i.test(template) && URL.canParse(filled) && new URL(filled).username === '';
}

/**
 * Links of an alarm, in the order of the settings. What is filled in may come from a trace: it is encoded.
 * @param templates - by their text
 */
export function linksOf(transition: AlarmTransition, templates: Readonly<Record<string, string>>): readonly Link[] {
  const { subject, rule, kind, alarmId } = transition;
  const values: Readonly<Record<string, string>> = { ...subject, rule, kind, alarmId };
  const fill = (template: string): string => template.replace(FIELD, (_, name: string) => encoded(values[name] ?? ''));
  return Object.entries(templates).map(([text, template]) => ({ text, href: new URL(fill(template)).href }));
}

/** Also not a path segment that leads elsewhere, nor half a surrogate pair, which cannot be encoded. */
function encoded(value: string): string {
  return encodeURIComponent(
    value
      .slice(0, MAX_FILLED)
      .replace(/\p{Cs}/gu, '\ufffd')
      .replace(/^\.+$/, '_'),
  );
}

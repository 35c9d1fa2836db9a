import fc from 'fast-check';
import { ALARM_KINDS, ALARM_STATES, SEVERITIES, type AlarmTransition } from '../../core/alarm.js';
import { makeTransition } from '../world.test-support.js';

/** What a trace may hold to reach through a message: markup, mentions, terminal codes, text that runs backwards. */
export const ATTACKS = [
  '<!channel> <!here|x> <@U024BE7LH> <#C024BE7LR>',
  '@channel @here @everyone',
  '<https://evil.example|click here> https://evil.example/?q=secret',
  '&lt;!channel&gt; &amp;',
  '*bold* _it_ ~no~ `code` ```block``` > quote',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007',
  'invoice\u202efdp.exe \u2066isolated\u2069 \u200b\u200bzero',
  'line one\r\nline two\u2028line three\u0000\u0007',
  'half a pair \ud83d, a whole one 😀',
  '[link](javascript:alert(1)) ![image](https://evil.example/p.png)',
  '"quotes" \\ and {"json": true}',
  '__proto__',
  '',
] as const;

const text = fc.oneof(
  fc.constantFrom(...ATTACKS),
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.constantFrom('x', '&', '<', '😀', '\n').map((unit) => unit.repeat(3_500)),
);

const subject = fc.record({ tenant: text, service: text, release: text, environment: text, criterion: text });

/** A transition in which every free text is hostile. */
export const hostileTransition: fc.Arbitrary<AlarmTransition> = fc
  .record({
    state: fc.constantFrom(...ALARM_STATES),
    kind: fc.constantFrom(...ALARM_KINDS),
    severity: fc.constantFrom(...SEVERITIES),
    subject,
    summary: text,
    details: fc.dictionary(text, fc.oneof(text, fc.double(), fc.integer()), { maxKeys: 80 }),
  })
  .map((changes) => makeTransition({ ...changes, alarmId: 'a'.repeat(32) }));

/** What may be in no text that a receiver shows. */
export const FORBIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\p{Cs}]|@(?:channel|here|everyone)\b|<[!@#/a-z]/iu;

/** Every text in a message, keys too. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)]);
}

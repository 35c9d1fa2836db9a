import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadConfig } from '../../app/index.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/notifications.yaml', import.meta.url));
const guide = readFileSync(new URL('../../docs/guides/notifications.md', import.meta.url), 'utf8');
const env = {
  PAGERDUTY_ROUTING_KEY: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.test/services/T0/B0/sesame',
  WEBHOOK_SECRET: 'whsec_c2VzYW1l',
};

it('the example of notifications is a valid configuration, which tells no secret', () => {
  const { config } = loadConfig({ file: EXAMPLE, env });
  expect(Object.entries(config.notify.channels).map(([name, { kind }]) => [name, kind])).toEqual([
    ['pager', 'pagerduty'],
    ['chat', 'slack'],
    ['prometheus', 'alertmanager'],
    ['deploys', 'webhook'],
  ]);
  for (const secret of Object.values(env)) expect(JSON.stringify(config)).not.toContain(secret);
});

it('the block of its guide is the example', () => {
  const [, block] = /```yaml\n([^]*?)```/.exec(guide)!;
  expect(block).toBe(readFileSync(EXAMPLE, 'utf8'));
});

it.each([
  [
    'a channel of no known kind',
    'notify.channels.x={kind: email}',
    /notify\.channels\.x\.kind: expected one of pagerduty, /,
  ],
  [
    'a name with capitals',
    'notify.channels.Pager={kind: slack, url: "https://x.test"}',
    /expected a name of at most 40/,
  ],
  [
    'a missing key',
    'notify.channels.x={kind: pagerduty}',
    /notify\.channels\.x\.routingKey: expected a string, got nothing/,
  ],
  ['a key that is a number', 'notify.channels.x={kind: pagerduty, routingKey: 12345678}', /got a hidden value/],
  [
    'an unknown setting',
    'notify.channels.x={kind: slack, url: "https://x.test", chanel: a}',
    /x\.chanel: .*unknown key/,
  ],
  [
    'a URL with a password',
    'notify.channels.x={kind: slack, url: "https://u:sesame@x.test"}',
    /without user, password/,
  ],
  ['a link that a trace could aim', 'notify.links.a=https://{service}.example.com', /in which only \{tenant\}/],
  ['a link with an unknown field', 'notify.links.a=https://x.test/{traceId}', /in which only \{tenant\}/],
  [
    'an alert that ends before it is posted again',
    'notify.channels.x={kind: alertmanager, url: "http://x.test", holdMs: 60000}',
    /notify\.channels\.x\.holdMs: expected at least twice reassertMs/,
  ],
])('%s is refused by name, without being shown', (_, set, message) => {
  const load = () => loadConfig({ sets: [set], env: {} });
  expect(load).toThrow(message);
  expect(load).not.toThrow(/sesame/);
});

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { noMetrics } from '../core/metrics.js';
import { createInstruments } from './instruments.js';
import { LINK_FIELDS } from './links.js';

const guide = readFileSync(new URL('../docs/guides/notifications.md', import.meta.url), 'utf8');

it('counts exactly what its guide lists', () => {
  const names: string[] = [];
  createInstruments({
    ...noMetrics,
    counter: (name) => (names.push(name), { add: () => undefined }),
    gauge: (name) => (names.push(name), { set: () => undefined }),
  });
  const listed = [...guide.matchAll(/^\| `(assay_notifier_\w+)`/gm)].map(([, name]) => name);
  expect(names.sort()).toEqual(listed.sort());
});

it('fills in exactly what its guide lists', () => {
  const [, paragraph = ''] = /^(`links` go beside each alarm[^]*?)\n\n/m.exec(guide) ?? [];
  const listed = [...paragraph.matchAll(/`\{(\w+)\}`/g)].map(([, name]) => name);
  expect(listed).toEqual([...LINK_FIELDS]);
});

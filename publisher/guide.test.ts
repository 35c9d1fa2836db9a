import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { encodeVerdicts } from './encode-verdicts.js';
import { makeVerdict } from './verdict.test-support.js';

it('sends exactly the attributes that its guide lists', () => {
  const guide = readFileSync(new URL('../docs/guides/verdicts-out.md', import.meta.url), 'utf8');
  const rows = guide.split('\n').filter((line) => /^\| `(event|gen_ai|error|assay)\./.test(line));
  const listed = rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name));
  const verdicts = [makeVerdict(), makeVerdict({ outcome: 'error' })];
  const sent = new Set(
    decodeLogEvents(encodeVerdicts(verdicts, '1')).flatMap(({ attributes }) => [...attributes.keys()]),
  );
  expect([...sent].sort()).toEqual(listed.sort());
});

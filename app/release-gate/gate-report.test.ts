import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cell, ReleaseCells } from '../../core/cell.js';
import { paintFor } from '../render/format.js';
import { toJunit } from './gate-junit.js';
import { toMarkdown } from './gate-markdown.js';
import { gateOfPairs, gateOfTraces } from './gate-report.js';
import { readPairs, type Pair } from './read-pairs.js';
import { renderGate } from './render-gate.js';

const NAMES = { baseline: '1.0', candidate: '1.1' };
const PLAIN = paintFor({}, {});

function pairs({ broken = 0, fixed = 0, same = 0, adversarial = false }): readonly Pair[] {
  const line =
    (kind: string, baseline: Pair['baseline'], candidate: Pair['baseline']) => (_: unknown, index: number) => ({
      item: `${kind}-${adversarial ? 'hostile-' : ''}${index}`,
      baseline,
      candidate,
      adversarial,
    });
  return [
    ...Array.from({ length: broken }, line('broken', 'pass', 'fail')),
    ...Array.from({ length: fixed }, line('fixed', 'fail', 'pass')),
    ...Array.from({ length: same }, line('same', 'pass', 'pass')),
  ];
}

describe('gateOfPairs', () => {
  it('names what broke, in text, Markdown and JUnit', () => {
    const report = gateOfPairs(pairs({ broken: 30, fixed: 6, same: 164 }), NAMES);
    expect(report.verdict).toBe('BLOCK');
    expect(renderGate(report, PLAIN)).toMatch(
      /^BLOCK {2}1\.1 against 1\.0\n {2}200 items: the pass rate fell by 12\.0 points/,
    );
    expect(renderGate(report, PLAIN)).toContain('broken: broken-0, broken-1,');
    expect(renderGate(report, PLAIN)).toContain('and 10 more');
    expect(toMarkdown(report)).toContain('Passed before, fail now (30):');
    const junit = toJunit(report, { allowInconclusive: false });
    expect(junit).toContain('tests="1" failures="1" errors="0" skipped="0"');
    expect(junit).toContain('<failure type="BLOCK"');
  });

  it('says what it would take when nothing is decided, and lets CI skip it only when told to', () => {
    const report = gateOfPairs(pairs({ broken: 3, fixed: 3, same: 94 }), NAMES);
    expect(report.verdict).toBe('INCONCLUSIVE');
    expect(renderGate(report, PLAIN)).toMatch(
      /To pass, should they come out alike, it takes about [\d,]+ more items\./,
    );
    expect(toJunit(report, { allowInconclusive: false })).toContain('<failure type="INCONCLUSIVE"');
    expect(toJunit(report, { allowInconclusive: true })).toContain('<skipped message=');
  });

  it('blocks for adversarial items alone', () => {
    const report = gateOfPairs(
      [...pairs({ broken: 5, fixed: 19, same: 2_900 }), ...pairs({ broken: 14, same: 86, adversarial: true })],
      NAMES,
    );
    expect(report.verdict).toBe('BLOCK');
    expect(renderGate(report, PLAIN)).toContain('adversarial items, BLOCK: 100 items');
    expect(toMarkdown(report)).toContain('| adversarial items | BLOCK | 100 |');
  });

  it('writes no markup that a name brings', () => {
    const hostile = '<img src=x onerror=alert(1)> | [click](http://evil) @team\n# "title"';
    const report = gateOfPairs([{ item: hostile, baseline: 'pass', candidate: 'fail', adversarial: false }], {
      baseline: '1.0',
      candidate: '"><script>',
    });
    const markdown = toMarkdown(report);
    expect(markdown).not.toMatch(/(?<!\\)<img|(?<!\\)\[click|(?<!\\)@team|\n# "title"/);
    expect(toJunit(report, { allowInconclusive: true })).toContain('&quot;&gt;&lt;script&gt;');
  });
});

describe('gateOfTraces', () => {
  const cell = (failed: number, traces: number): Cell => ({
    stratum: 'unsuspected',
    pi: 1,
    upstreamWeight: 1,
    traces,
    passed: traces - failed,
    failed,
    unanswered: 0,
  });
  const cells = (given: readonly (readonly [release: string, failed: number])[], service = 'shop'): ReleaseCells[] =>
    given.flatMap(([release, failed]) => [
      { service, release, criterion: '', cells: [cell(failed, 20_000)] },
      { service, release, criterion: 'polite', cells: [cell(2 * failed, 20_000)] },
    ]);
  const store = cells([
    ['1.0', 600],
    ['1.1', 610],
    ['1.2', 1_400],
  ]);

  it('compares whole traces, or one criterion', () => {
    expect(gateOfTraces(store, NAMES)).toMatchObject({
      verdict: 'PASS',
      service: 'shop',
      criterion: '',
      compared: 'traces',
    });
    expect(gateOfTraces(store, { ...NAMES, candidate: '1.2' }).verdict).toBe('BLOCK');
    const polite = gateOfTraces(store, { ...NAMES, criterion: 'polite' });
    expect(polite).toMatchObject({
      criterion: 'polite',
      slices: [{ comparison: { drop: expect.closeTo(0.001, 9) as number } }],
    });
  });

  it('holds what checks failed against what they failed before, and words a rise as one', () => {
    const settled: Cell = { ...cell(700, 700), stratum: 'settled' };
    const [before, after] = ['1.0', '1.1'].map((release) => ({ service: 'shop', release, criterion: '' }));
    const report = gateOfTraces(
      [
        { ...before!, cells: [cell(100, 20_000)] },
        { ...after!, cells: [cell(100, 20_000), settled] },
      ],
      NAMES,
    );
    expect(renderGate(report, PLAIN)).toContain('by checks alone, BLOCK: 20,700 traces');
    const back = gateOfTraces(
      [
        { ...after!, cells: [cell(100, 20_000)] },
        { ...before!, cells: [cell(100, 20_000), settled] },
      ],
      NAMES,
    );
    expect(renderGate(back, PLAIN)).toMatch(/a rise of less than \d\.\d points is ruled out/);
  });

  it.each([
    [
      { ...NAMES, candidate: '2.0' },
      /expected a service with both releases 1\.0 and 2\.0, got a store that has shop 1\.0/,
    ],
    [
      { ...NAMES, service: 'shop', candidate: '2.0' },
      /expected release 2\.0 of shop, got a store that has 1\.0, 1\.1, 1\.2/,
    ],
    [{ ...NAMES, criterion: 'kind' }, /expected criterion kind of release 1\.0, got a store that has polite/],
  ])('refuses %o by name', (wanted, message) => {
    expect(() => gateOfTraces(store, wanted)).toThrow(message);
  });

  it('asks which service is meant when several have both releases', () => {
    const two = [
      ...store,
      ...cells(
        [
          ['1.0', 10],
          ['1.1', 900],
        ],
        'desk',
      ),
    ];
    expect(() => gateOfTraces(two, NAMES)).toThrow(/expected --service, since shop, desk have both/);
    expect(gateOfTraces(two, { ...NAMES, service: 'desk' }).verdict).toBe('BLOCK');
  });
});

describe('readPairs', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'assay-pairs-'))));
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  const read = (text: string): readonly Pair[] => {
    const path = join(root, 'pairs.jsonl');
    writeFileSync(path, text);
    return readPairs(path);
  };

  it('reads a line an item, adversarial or not', () => {
    const text =
      '{"item":"a","baseline":"pass","candidate":"fail"}\n\n{"item":"b","baseline":"pass","candidate":"pass","adversarial":true}\n';
    expect(read(text)).toEqual([
      { item: 'a', baseline: 'pass', candidate: 'fail', adversarial: false },
      { item: 'b', baseline: 'pass', candidate: 'pass', adversarial: true },
    ]);
  });

  it.each([
    ['nonsense', /pairs\.jsonl:1; see assay gate --help/],
    ['{"item":"a","baseline":"pass","candidate":"maybe"}', /pairs\.jsonl:1, got candidate: /],
    ['{"item":"a","baseline":"pass","candidate":"pass","weight":3}', /pairs\.jsonl:1, got .*weight/],
    [
      '{"item":"a","baseline":"pass","candidate":"pass"}\n{"item":"a","baseline":"pass","candidate":"fail"}',
      /"a" again in .*pairs\.jsonl:2/,
    ],
  ])('refuses %s by its line', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('says when the file is not there', () => {
    expect(() => readPairs(join(root, 'none.jsonl'))).toThrow(/expected pairs as JSONL in .*none\.jsonl, got ENOENT/);
  });
});

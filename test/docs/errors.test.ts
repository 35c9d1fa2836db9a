import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../core/errors.js';

const page = readFileSync(new URL('../../docs/reference/errors.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

it('has one row for each error code, with its disposition', () => {
  const documented = rows.map(([code, disposition]) => [code?.replaceAll('`', ''), disposition]);
  expect(documented.sort()).toEqual(Object.entries(ERROR_CODES).sort());
});

it('says of each error what it means and what to do, in whole sentences', () => {
  for (const row of rows) {
    expect(row).toHaveLength(4);
    for (const cell of row.slice(2)) expect(cell).toMatch(/^[A-Z].{20,}\.$/);
  }
});

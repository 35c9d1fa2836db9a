import type { Check } from '../doctor/check.js';
import type { Understood } from '../doctor/understanding.js';
import { hang, safeLine, type Paint } from './format.js';

/** A line a check. */
export function renderChecks(checks: readonly Check[], paint: Paint): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return checks
    .map(({ name, status, message }) => {
      const mark = status === 'ok' ? paint.green('✓') : status === 'warn' ? paint.yellow('!') : paint.red('✗');
      return hang(`${mark} ${name.padEnd(width)}  `, message, paint.columns);
    })
    .join('\n');
}

/** A line a field: what was read, or what its lack means. */
export function renderUnderstanding(rows: readonly Understood[], paint: Paint): string {
  const width = Math.max(...rows.map(({ field }) => field.length));
  return rows
    .map(({ field, value, advice }) => {
      const lead = (mark: string): string => `  ${mark} ${field.padEnd(width)}  `;
      if (value !== null) return hang(lead(paint.green('✓')), safeLine(value, 160), paint.columns);
      if (advice === '') return hang(lead(paint.dim('·')), paint.dim('not sent'), paint.columns);
      return hang(lead(paint.yellow('!')), `not sent; ${safeLine(advice, 300)}`, paint.columns);
    })
    .join('\n');
}

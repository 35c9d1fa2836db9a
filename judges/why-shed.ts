import type { Reservation } from './spend-budget.js';

/** Says which budget does not hold a call, until when, and which setting raises it. */
export function whyShed(reservation: Reservation & { readonly status: 'exhausted' }): string {
  const { period, capMicroUsd, shares, resetsAtMs } = reservation;
  const [name, setting] = period === 'day' ? ['daily', 'dailyBudgetUsd'] : ['weekly', 'weeklyBudgetUsd'];
  const share = shares === undefined ? '' : `, the share of one of ${shares} partitions,`;
  const cap = `${String(capMicroUsd / 1e6)}${share}`;
  const reset = new Date(resetsAtMs).toISOString();
  return `the ${name} judge budget of $${cap} does not hold another call until ${reset}; raise judges.${setting} to judge more`;
}

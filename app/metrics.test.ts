import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics, metricsPage } from './metrics.js';

async function pageOf(...roles: readonly Registry[]): Promise<string> {
  return (await metricsPage(await Promise.all(roles.map((role) => role.getMetricsAsJSON())))).body;
}

describe('the metrics of several roles on one page', () => {
  it('adds counters up, and shows the largest of gauges that see the same thing', async () => {
    const roles = [new Registry(), new Registry()];
    for (const [index, role] of roles.entries()) {
      const metrics = createMetrics(role);
      metrics.gauge('bus_size_bytes', 'Size.').set(100 + index);
      metrics.counter('appended_total', 'Appended.', ['topic']).add(2, { topic: 'spans' });
    }
    const page = await pageOf(...roles);
    expect(page).toContain('\nbus_size_bytes 101\n');
    expect(page).toContain('\nappended_total{topic="spans"} 4\n');
  });

  it('leaves out what has no value yet, and leaves no blank lines beyond one between two metrics', async () => {
    const role = new Registry();
    const metrics = createMetrics(role);
    metrics.counter('labelled_total', 'Never counted.', ['topic']);
    metrics.counter('first_total', 'First.').add(1);
    metrics.gauge('second', 'Second.', ['topic']);
    metrics.gauge('third', 'Third.').set(3);
    expect(await pageOf(role)).toBe(
      [
        '# HELP first_total First.\n# TYPE first_total counter\nfirst_total 1\n',
        '# HELP third Third.\n# TYPE third gauge\nthird 3\n',
      ].join('\n'),
    );
  });
});

import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, type TestContext } from 'vitest';
import type { AlarmTransition } from '../../../core/alarm.js';
import { alarmIdOf } from '../../../core/alarm-id.js';
import { systemClock } from '../../../core/clock.js';
import { silentLogger } from '../../../core/logger.js';
import { noMetrics, type Metrics } from '../../../core/metrics.js';
import type { State } from '../../../core/state.js';
import { createNotifier, notifierConfig, type Notifier } from '../../../notifier/index.js';
import { HealthServer } from '../../../app/health-server.js';
import { createMetrics, metricsPage } from '../../../app/metrics.js';
import { startAssayProcess, temporaryDirectory, type AssayProcess } from '../../helpers/assay-process.js';
import { startSink, type Sink } from '../../helpers/otlp-sink.js';
import { until } from '../../helpers/until.js';
import {
  checkMetrics,
  findPrograms,
  startAlertmanager,
  startPrometheus,
  type Programs,
  type Server,
} from './servers.js';

const NEVER = new AbortController().signal;
const SUBJECT = {
  tenant: 'default',
  service: 'booking-agent',
  release: '1.5.0',
  environment: 'prod',
  criterion: 'task',
};

/** What Alertmanager tells its own receivers. @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config */
interface WebhookBody {
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly Alert[];
}

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** As `/api/v2/alerts` lists it. */
interface HeldAlert extends Omit<Alert, 'status'> {
  readonly endsAt: string;
  readonly status: { readonly state: string };
}

describe('a real Alertmanager and Prometheus', () => {
  let programs: Programs | string;
  let sink: Sink;
  const running: { stop(): Promise<void> }[] = [];
  beforeAll(async () => {
    programs = await findPrograms();
    sink = await startSink();
  });
  afterEach(async () => {
    for (const one of running.splice(0).reverse()) await one.stop();
  });
  afterAll(async () => {
    await sink.close();
  });

  /** The programs, or the test is skipped and says what is missing. */
  function needed(context: TestContext): Programs {
    if (typeof programs !== 'string') return programs;
    console.warn(`Not run without Prometheus and Alertmanager: ${programs}`);
    return context.skip();
  }

  /** Tells the sink of each change at once, and forgets after a second what nobody says again or gives an end. */
  async function alertmanager(found: Programs): Promise<Server> {
    const server = await startAlertmanager(found, {
      global: { resolve_timeout: '1s' },
      route: { receiver: 'sink', group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '1h' },
      receivers: [{ name: 'sink', webhook_configs: [{ url: `${sink.url}/alerts`, send_resolved: true }] }],
    });
    running.push(server);
    return server;
  }

  async function notifier(url: string, metrics: Metrics = noMetrics): Promise<Notifier> {
    const held = new Map<string, string>();
    const state: State = {
      get: (key) => held.get(key),
      async put(entries) {
        for (const [key, value] of entries) held.set(key, value);
      },
      async delete(keys) {
        for (const key of keys) held.delete(key);
      },
      range: (prefix) => [...held].filter(([key]) => key.startsWith(prefix)).sort(),
    };
    const config = notifierConfig.parse({ channels: { prom: { kind: 'alertmanager', url } } });
    const deps = { state, fetch, clock: systemClock, random: Math.random, logger: silentLogger, metrics };
    const made = createNotifier(config, { ...deps, record: async () => undefined });
    running.push({ stop: () => made.stop(AbortSignal.timeout(5_000)) });
    await made.start(NEVER);
    return made;
  }

  function transition(changes: Partial<AlarmTransition>): AlarmTransition {
    const nowMs = Date.now();
    return {
      alarmId: alarmIdOf('regression', SUBJECT),
      sequence: 1,
      state: 'firing',
      kind: 'regression',
      rule: 'regression',
      severity: 'error',
      subject: SUBJECT,
      summary: 'Release 1.5.0 fails more often <!channel> than 1.4.0.',
      details: { evidence: 104.2, 'change point': '08:00' },
      startedAtMs: nowMs - 600_000,
      atMs: nowMs,
      ...changes,
    };
  }

  const alertsAt = async ({ url }: Server): Promise<readonly HeldAlert[]> =>
    (await (await fetch(`${url}/api/v2/alerts`)).json()) as HeldAlert[];
  /** What the sink was told of this alert, with its status each time. */
  const told = (name: string): readonly (readonly [status: string, severity: string])[] =>
    sink.requests
      .filter(({ path }) => path === '/alerts')
      .flatMap(({ body }) => (JSON.parse(body.toString()) as WebhookBody).alerts)
      .filter(({ labels }) => labels['alertname'] === name)
      .map(({ status, labels }) => [status, labels['severity'] ?? ''] as const);
  const sinkHears = (name: string, count: number) =>
    until(
      async () => told(name),
      ({ length }) => length >= count,
    );

  it('Alertmanager takes a trigger, a change of severity and a resolve, and tells its receivers', async (context) => {
    const server = await alertmanager(needed(context));
    const channel = await notifier(server.url);
    await channel.notify(transition({}));
    await sinkHears('regression', 1);
    const [alert, ...others] = await alertsAt(server);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      status: { state: 'active' },
      labels: { alertname: 'regression', severity: 'error', service: 'booking-agent', release: '1.5.0' },
      annotations: {
        summary: 'Release 1.5.0 fails more often ‹!channel> than 1.4.0.',
        evidence: '104.2',
        change_point: '08:00',
      },
    });
    // Held by its own end, far beyond the timeout of a second.
    expect(Date.parse(alert!.endsAt)).toBeGreaterThan(Date.now() + 50 * 60_000);

    await channel.notify(transition({ sequence: 2, severity: 'critical' }));
    await sinkHears('regression', 3);
    expect(told('regression').slice(1).sort()).toEqual([
      ['firing', 'critical'],
      ['resolved', 'error'],
    ]);

    await channel.notify(transition({ sequence: 3, state: 'resolved', severity: 'critical' }));
    await sinkHears('regression', 4);
    expect(told('regression')[3]).toEqual(['resolved', 'critical']);
    expect(await alertsAt(server)).toEqual([]);
  });

  it('Prometheus scrapes the page of the metrics, and alarms by it', async (context) => {
    const found = needed(context);
    const server = await alertmanager(found);
    const registry = new Registry();
    const channel = await notifier(`${sink.url}/no-alertmanager`, createMetrics(registry));
    const page = new HealthServer({ host: '127.0.0.1', port: 0 }, async (path) =>
      path === '/metrics' ? { status: 200, ...(await metricsPage([await registry.getMetricsAsJSON()])) } : undefined,
    );
    running.push(page);
    await page.start();
    sink.answer({ status: 400, body: '"bad request"' }, { status: 200 });
    await channel.notify(transition({}));
    const rule = { alert: 'AssayDeadLetters', expr: 'assay_notifier_dead_letters_total > 0' };
    const prometheus = await startPrometheus(found, {
      config: {
        ...scraping(page.url()),
        alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(server.url).host] }] }] },
      },
      rules: { groups: [{ name: 'assay', rules: [rule] }] },
    });
    running.push(prometheus);
    await sinkHears('AssayDeadLetters', 1);
    expect(await query(prometheus, 'assay_notifier_dead_letters_total')).toEqual([['prom', '1']]);
  });

  it('Prometheus scrapes a running Assay, whose page promtool finds sound', async (context) => {
    const found = needed(context);
    const assay: AssayProcess & { readonly url: string } = await startAssayProcess({ data: temporaryDirectory() });
    running.push(assay);
    const page = await (await fetch(`${assay.url}/metrics`)).text();
    expect(await checkMetrics(found, page)).toBe('');
    const prometheus = await startPrometheus(found, { config: scraping(assay.url) });
    running.push(prometheus);
    const up = await until(
      () => query(prometheus, 'up'),
      (samples) => samples.length > 0,
    );
    expect(up.map(([, up]) => up)).toEqual(['1']);
    expect(await query(prometheus, 'count({__name__=~"assay_.+"}) > 10')).toHaveLength(1);
  });
});

/** Scrapes one target each second. */
function scraping(url: string): object {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: [{ job_name: 'assay', static_configs: [{ targets: [new URL(url).host] }] }],
  };
}

/** Channel, where a sample has one, and value. */
async function query({ url }: Server, expression: string): Promise<readonly (readonly [string, string])[]> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { data } = (await response.json()) as { readonly data: { readonly result: readonly Sample[] } };
  return data.result.map(({ metric, value }) => [metric['channel'] ?? '', value[1]] as const);
}

interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atSeconds: number, value: string];
}

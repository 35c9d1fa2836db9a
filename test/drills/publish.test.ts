import { afterAll, describe, expect, it } from 'vitest';
import type { Why } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import {
  askAssay,
  spawnAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { judgeArgs, startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';
import { evalIdsOf, eventsOf, startSink, type Sink } from '../helpers/otlp-sink.js';
import { until } from '../helpers/until.js';

const NEVER = new AbortController().signal;

describe('verdicts that go out', () => {
  const children: AssayProcess[] = [];
  const servers: { close(): Promise<void> }[] = [];
  afterAll(async () => {
    for (const child of children) await child.stop();
    for (const server of servers) await server.close();
  });

  async function world(): Promise<{ data: string; sink: Sink; judge: JudgeServer; args: readonly string[] }> {
    const [sink, judge] = [await startSink(), await startJudgeServer()];
    servers.push(sink, judge);
    const settings = [
      'sampler.quietMs=200',
      'sampler.pi.unsuspected=1',
      'judges.votes=1',
      `publish.endpoint=${sink.url}`,
    ];
    const args = [...judgeArgs(judge), ...settings.flatMap((setting) => ['--set', setting])];
    return { data: temporaryDirectory(), sink, judge, args };
  }

  /** Undefined while nothing of the trace is written yet. */
  async function why(data: string, traceId: string): Promise<Why | undefined> {
    return askAssay<Why>(data, 'why', traceId).catch(() => undefined);
  }

  const tracesIn = (sink: Sink): Set<string> => new Set(eventsOf(sink.requests).map(({ traceId }) => traceId));

  it('say what `why` says, at the span that was judged', { timeout: 120_000 }, async () => {
    const { data, sink, args } = await world();
    const assay = await startAssayProcess({ data, args });
    children.push(assay);
    await deliver(() => assay.url, agentRun({ number: 1, release: '2.0' }), NEVER);
    await until(
      async () => tracesIn(sink),
      (traces) => traces.has(traceIdOf(1)),
    );
    const told = await until(
      () => why(data, traceIdOf(1)),
      (found) => (found?.verdicts.length ?? 0) > 0,
    );
    await assay.stop();
    const events = eventsOf(sink.requests);
    expect(events.map(({ attributes }) => attributes.get('gen_ai.evaluation.name')).sort()).toEqual(
      told!.verdicts.map(({ criterion }) => criterion).sort(),
    );
    const root = agentRun({ number: 1 }) as {
      resourceSpans: { scopeSpans: { spans: { spanId: string; parentSpanId?: string }[] }[] }[];
    };
    const [rootSpan] = root.resourceSpans[0]!.scopeSpans[0]!.spans;
    expect(rootSpan!.parentSpanId).toBeUndefined();
    for (const { traceId, spanId, name, attributes, resource } of events) {
      expect({ traceId, spanId, name }).toEqual({
        traceId: traceIdOf(1),
        spanId: rootSpan!.spanId,
        name: 'gen_ai.evaluation.result',
      });
      const verdict = told!.verdicts.find(({ criterion }) => criterion === attributes.get('gen_ai.evaluation.name'))!;
      expect(attributes.get('gen_ai.evaluation.score.label')).toBe(verdict.outcome);
      expect(attributes.get('assay.judge.hash')).toBe(verdict.judgeHash);
      expect(attributes.get('assay.inclusion_probability')).toBe(told!.decision!.pi);
      expect(attributes.get('assay.stratum')).toBe(told!.decision!.stratum);
      expect([resource.get('service.name'), resource.get('service.version')]).toEqual(['shop-agent', '2.0']);
    }
  });

  it('come again after kill -9 between the answer and the commit', { timeout: 120_000 }, async () => {
    const { data, sink, args } = await world();
    const doomed = spawnAssay({ data, args, env: { ASSAY_FAULT: 'publisher-before-commit:1' } });
    children.push(doomed);
    const url = await doomed.listening;
    await deliver(() => url, agentRun({ number: 1 }), NEVER);
    expect(await doomed.ended).toEqual({ code: null, signal: 'SIGKILL' });
    const before = evalIdsOf(sink.requests);
    expect(before).not.toHaveLength(0);
    const again = await startAssayProcess({ data, args });
    children.push(again);
    await deliver(() => again.url, agentRun({ number: 2 }), NEVER);
    await until(
      async () => tracesIn(sink),
      (traces) => traces.has(traceIdOf(2)),
    );
    await again.stop();
    const after = evalIdsOf(sink.requests).slice(before.length);
    expect(after).toEqual(expect.arrayContaining([...before]));
  });

  it('go out before Assay ends when it is told to stop', { timeout: 120_000 }, async () => {
    const { data, sink, judge, args } = await world();
    const assay = await startAssayProcess({ data, args: [...args, '--set', 'publish.lingerMs=60000'] });
    children.push(assay);
    await deliver(() => assay.url, agentRun({ number: 1 }), NEVER);
    await until(
      async () => judge.requests(),
      (requests) => requests > 0,
    );
    const told = await until(
      () => why(data, traceIdOf(1)),
      (found) => found?.outcome === 'judged',
    );
    expect(sink.requests).toHaveLength(0);
    assay.child.kill('SIGINT');
    expect(await assay.ended).toEqual({ code: 0, signal: null });
    expect(eventsOf(sink.requests)).toHaveLength(told!.verdicts.length);
  });

  it('wait on the bus while the receiver is away, over a restart', { timeout: 120_000 }, async () => {
    const { data, sink, args } = await world();
    sink.answer({ status: 503, headers: { 'retry-after': '3600' } });
    const first = await startAssayProcess({ data, args });
    children.push(first);
    await deliver(() => first.url, agentRun({ number: 1 }), NEVER);
    await sink.had(1);
    first.child.kill('SIGINT');
    expect(await first.ended).toEqual({ code: 0, signal: null });
    const refused = sink.requests.length;
    const wanted = evalIdsOf(sink.requests);
    sink.answer({ status: 200 });
    const second = await startAssayProcess({ data, args });
    children.push(second);
    await sink.had(refused + 1);
    expect(evalIdsOf(sink.requests.slice(refused))).toEqual(expect.arrayContaining([...wanted]));
  });
});

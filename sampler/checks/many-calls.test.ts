import { describe, expect, it } from 'vitest';
import type { Step } from '../../core/trajectory.js';
import { samplerConfig } from '../config.js';
import { trajectoryOf } from '../world.test-support.js';
import { brokenArguments } from './broken-arguments.js';
import { callFacts } from './call-facts.js';
import { runChecks } from './index.js';
import { toolSchema } from './tool-schema.js';

const OPTIONS = { ...samplerConfig.parse({}), complete: true };
const REFUND = { name: 'refund', parameters: { type: 'object', required: ['order'] } };

function asks(texts: readonly string[], at: number): Step {
  const toolCalls = texts.map((text) => ({ name: 'refund', arguments: text }));
  return {
    kind: 'model',
    name: 'm',
    spanId: `s${at}`,
    parentSpanId: '',
    durationMs: 1,
    startNs: BigInt(at),
    toolCalls,
  };
}

const run = (steps: readonly Step[]) => ({ ...trajectoryOf([]), steps, tools: [REFUND] });
const calling = (steps: readonly (readonly string[])[]) => run(steps.map(asks));
const times = (count: number, text: string) => Array.from({ length: count }, () => text);

describe('a run of very many calls', () => {
  it.each([
    ['broken arguments', brokenArguments, '{"order'],
    ['arguments that do not fit', toolSchema, '{}'],
  ])('with %s is read in a number of steps that grows like the calls', (_, check, text) => {
    const reads = (count: number): number => {
      let read = 0;
      const counting = <T extends object>(target: T): T =>
        new Proxy(target, {
          get(of, key, receiver) {
            read += 1;
            return Reflect.get(of, key, receiver) as unknown;
          },
        });
      const trajectory = calling(times(count, text).map((one) => [one]));
      const facts = { trajectory: { ...trajectory, steps: trajectory.steps.map(counting) }, complete: true };
      expect(check.run({ ...facts, calls: callFacts(trajectory).map(counting) }, OPTIONS)).toHaveLength(count);
      return read;
    };
    expect(reads(2_000)).toBeLessThan(3 * reads(1_000));
  });

  it('has its last 10,000 calls checked, and says so', () => {
    const trajectory = calling([times(190_000, '{"order'), times(9_000, '{"order'), times(1_000, '{"order":1}')]);
    expect(callFacts(trajectory).map(({ stepIndex }) => stepIndex)).toEqual([
      ...Array.from({ length: 9_000 }, () => 1),
      ...Array.from({ length: 1_000 }, () => 2),
    ]);
    const findings = runChecks(trajectory, OPTIONS);
    expect(findings.filter(({ check }) => check === 'broken-arguments').map(({ severity }) => severity)).toEqual(
      times(5, 'note'),
    );
    expect(findings.find(({ check }) => check === 'many-calls')).toEqual({
      ...{ check: 'many-calls', severity: 'note', spanId: '' },
      message: 'expected at most 10000 tool calls, got 200000; only the last 10000 were checked',
    });
  });

  it('says nothing of 10,000', () => {
    const trajectory = calling([times(10_000, '{"order":1}')]);
    expect(callFacts(trajectory)).toHaveLength(10_000);
    expect(runChecks(trajectory, OPTIONS).map(({ check }) => check)).not.toContain('many-calls');
  });
});

describe('a call that is mended', () => {
  const severities = (steps: readonly Step[]) =>
    runChecks(run(steps), OPTIONS)
      .filter(({ check }) => check === 'broken-arguments' || check === 'tool-schema')
      .map(({ check, severity }) => `${check} ${severity}`);
  const ran = (at: number): Step => ({ ...asks([], at), kind: 'tool', name: 'refund', arguments: '{"order":1}' });

  it('is mended by a later step, never by an earlier one or by its own', () => {
    expect(severities([asks(['{"or'], 0), asks(['{"order":1}'], 1)])).toEqual(['broken-arguments note']);
    expect(severities([asks(['{"order":1}'], 0), asks(['{"or'], 1)])).toEqual(['broken-arguments settles']);
    expect(severities([asks(['{"or', '{"order":1}'], 0)])).toEqual(['broken-arguments settles']);
    expect(severities([asks(['{"or'], 0), ran(1)])).toEqual(['broken-arguments note']);
    expect(severities([ran(0), asks(['{"or'], 1)])).toEqual(['broken-arguments settles']);
    expect(severities([asks(['{}'], 0), asks(['{"order":1}'], 1)])).toEqual(['tool-schema note']);
    expect(severities([asks(['{"order":1}'], 0), asks(['{}'], 1)])).toEqual(['tool-schema suspicious']);
  });
});

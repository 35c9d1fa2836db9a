import { describe, expect, it } from 'vitest';
import type { Finding } from '../../core/finding.js';
import type { Step, ToolCall, Trajectory } from '../../core/trajectory.js';
import { samplerConfig } from '../config.js';
import { CHECKS, runChecks, suspicionOf } from './index.js';

const OPTIONS = { ...samplerConfig.parse({}), complete: true };
const REFUND = {
  name: 'refund',
  parameters: {
    type: 'object',
    properties: { order: { type: 'string' }, amount: { type: 'number' } },
    required: ['order', 'amount'],
  },
};
const WHOLE = '{"order":"A1","amount":12}';
const CUT = '{"order":"A1","am';

let starts = 0n;
function step(kind: Step['kind'], name: string, more: Partial<Step> = {}): Step {
  starts += 1n;
  return { kind, name, spanId: `span ${starts}`, parentSpanId: '', durationMs: 1, startNs: starts, ...more };
}

function asks(...calls: readonly ToolCall[]): Step {
  return step('model', 'gpt', { toolCalls: calls, finishReason: 'tool_call' });
}

function call(args: string, name = 'refund'): ToolCall {
  return { name, arguments: args };
}

const answers = (): Step => step('model', 'gpt', { toolCalls: [], finishReason: 'stop', result: 'done' });
const ran = (args = WHOLE, more: Partial<Step> = {}): Step =>
  step('tool', 'refund', { arguments: args, result: 'ok', ...more });

function run(steps: readonly Step[], more: Partial<Trajectory> = {}): Trajectory {
  return {
    tenant: 't',
    traceId: '1',
    service: 's',
    release: '1',
    environment: '',
    input: 'refund A1',
    output: 'done',
    steps,
    tools: [REFUND],
    dialects: [],
    hasContent: true,
    spanCount: steps.length,
    durationMs: 1,
    ...more,
  };
}

const HEALTHY = (): Trajectory => run([asks(call(WHOLE)), ran(), answers()]);

function found(trajectory: Trajectory, options = OPTIONS): readonly (readonly [string, string])[] {
  return runChecks(trajectory, options).map(({ check, severity }) => [check, severity]);
}

describe('checks', () => {
  it('find nothing in a run that went well', () => {
    expect(found(HEALTHY())).toEqual([]);
  });

  const broken: readonly (readonly [
    title: string,
    trajectory: () => Trajectory,
    findings: readonly (readonly [string, string])[],
  ])[] = [
    [
      'an error at the root, with an answer',
      () => ({ ...HEALTHY(), error: 'timeout' }),
      [['root-error', 'suspicious']],
    ],
    [
      'an error at the root and no answer',
      () => run([], { error: 'timeout', output: ' ' }),
      [
        ['root-error', 'settles'],
        ['empty-output', 'suspicious'],
      ],
    ],
    [
      'cut arguments that no later call repairs',
      () => run([asks(call(CUT)), ran(CUT), answers()]),
      [['broken-arguments', 'settles']],
    ],
    [
      'cut arguments that a later call repairs',
      () => run([asks(call(CUT)), ran(CUT, { error: 'bad json' }), asks(call(WHOLE)), ran(), answers()]),
      [
        ['broken-arguments', 'note'],
        ['unhandled-error', 'note'],
      ],
    ],
    [
      'cut arguments although the tool was given whole ones',
      () => run([asks(call(CUT)), ran(), answers()]),
      [['broken-arguments', 'note']],
    ],
    [
      'arguments cut where an SDK cuts attributes',
      () => run([asks(call(`{"a":"${'x'.repeat(122)}`)), answers()]),
      [['broken-arguments', 'suspicious']],
    ],
    [
      'a repair by another tool, which is none',
      () =>
        run([asks(call(CUT)), asks(call(WHOLE, 'other')), step('tool', 'other', { arguments: WHOLE }), answers()], {
          tools: [],
        }),
      [['broken-arguments', 'settles']],
    ],
    ['cut arguments on a tool span alone', () => run([ran(CUT)]), [['broken-arguments', 'suspicious']]],
    [
      'arguments of the wrong type',
      () => run([asks(call('{"order":"A1","amount":"12"}')), ran(), answers()]),
      [['tool-schema', 'suspicious']],
    ],
    [
      'a missing argument',
      () => run([asks(call('{"order":"A1"}')), ran(), answers()]),
      [['tool-schema', 'suspicious']],
    ],
    [
      'arguments that fit at the second try',
      () => run([asks(call('{"order":"A1"}')), ran('{"order":"A1"}'), asks(call(WHOLE)), ran(), answers()]),
      [['tool-schema', 'note']],
    ],
    [
      'a tool that was not declared',
      () => run([asks(call('{}', 'rm')), step('tool', 'rm', { arguments: '{}' }), answers()]),
      [['unknown-tool', 'suspicious']],
    ],
    [
      'no final answer',
      () => run([asks(call(WHOLE)), ran(), answers()], { output: '' }),
      [['empty-output', 'suspicious']],
    ],
    [
      'a last model call cut by its limit',
      () => run([step('model', 'gpt', { finishReason: 'length' })]),
      [['finish-reason', 'suspicious']],
    ],
    [
      'an answer that was filtered',
      () => run([step('model', 'gpt', { finishReason: 'content_filter' })]),
      [['finish-reason', 'suspicious']],
    ],
    [
      'an earlier model call cut by its limit',
      () => run([step('model', 'gpt', { finishReason: 'length' }), answers()]),
      [['finish-reason', 'note']],
    ],
    [
      'the same call twice, keys in another order',
      () => run([asks(call(WHOLE)), ran(), asks(call(WHOLE)), ran('{"amount":12,"order":"A1"}'), answers()]),
      [['repeated-calls', 'suspicious']],
    ],
    [
      'a tool that failed for good',
      () => run([asks(call(WHOLE)), ran(WHOLE, { error: 'down' }), answers()]),
      [['unhandled-error', 'suspicious']],
    ],
    [
      'a tool that failed and was called again',
      () => run([asks(call(WHOLE)), ran(WHOLE, { error: 'down' }), asks(call(WHOLE)), ran(), answers()]),
      [['unhandled-error', 'note']],
    ],
    [
      'a tool that failed, and another that did not',
      () => run([ran(WHOLE, { error: 'down' }), step('tool', 'other', { arguments: '{}' }), answers()]),
      [['unhandled-error', 'suspicious']],
    ],
    [
      'a model that failed and another that answered',
      () => run([step('model', 'big', { error: '529' }), answers()]),
      [['unhandled-error', 'note']],
    ],
    ['a call that nobody ran', () => run([asks(call(WHOLE))]), [['abandoned-call', 'suspicious']]],
    [
      'no answer after tools that ran here',
      () => run([asks(call(WHOLE)), ran()], { output: '' }),
      [['empty-output', 'suspicious']],
    ],
    [
      'no empty answer in a run that ends on a call for its caller',
      () => run([asks(call(WHOLE))], { output: '' }),
      [['abandoned-call', 'suspicious']],
    ],
    ['no answer of an agent', () => run([step('agent', 'a')], { output: '' }), [['empty-output', 'suspicious']]],
    [
      'too many steps',
      () => run(Array.from({ length: 51 }, () => step('retrieval', 'search'))),
      [['step-budget', 'suspicious']],
    ],
    [
      'too many tokens',
      () => ({ ...HEALTHY(), tokens: { input: 199_000, output: 1_001 } }),
      [['token-budget', 'suspicious']],
    ],
  ];
  it.each(broken)('find %s', (_, trajectory, findings) => {
    expect(found(trajectory())).toEqual(findings);
  });

  const fine: readonly (readonly [title: string, trajectory: () => Trajectory])[] = [
    [
      'no arguments at all for a tool without any',
      () => run([asks(call('', 'now')), step('tool', 'now'), answers()], { tools: [] }),
    ],
    ['arguments that were encoded twice', () => run([asks(call(JSON.stringify(WHOLE))), ran(), answers()])],
    [
      'arguments that were redacted',
      () => run([asks(call('__REDACTED__'), call('<REDACTED>')), ran(), answers()], { tools: [] }),
    ],
    ['a bare value on a tool span', () => run([asks(call(WHOLE)), ran('Paris'), answers()])],
    [
      'a call of any tool when none was declared',
      () => run([asks(call('{}', 'x')), step('tool', 'x'), answers()], { tools: [] }),
    ],
    ['an empty answer where no text is recorded', () => run([], { hasContent: false, output: '' })],
    ['a lone embedding', () => run([step('embedding', 'e')], { output: '' })],
    ['a lone retrieval', () => run([step('retrieval', 'r')], { output: '' })],
    [
      'a run that ends on a call whose text was not recorded',
      () => run([step('model', 'gpt', { finishReason: 'tool_call' })], { output: '' }),
    ],
    [
      'calls with different arguments',
      () => run([asks(call(WHOLE)), ran(), asks(call(WHOLE)), ran('{"order":"A2","amount":1}'), answers()]),
    ],
    [
      'as many steps and tokens as are allowed',
      () =>
        run(
          Array.from({ length: 50 }, () => step('retrieval', 'search')),
          { tokens: { input: 199_000, output: 1_000 } },
        ),
    ],
  ];
  it.each(fine)('are silent on %s', (_, trajectory) => {
    expect(found(trajectory())).toEqual([]);
  });

  it('settle nothing on a trace that may have gone on unseen', () => {
    const trajectory = run([asks(call(CUT)), ran(CUT)], { error: 'x', output: '' });
    const severities = runChecks(trajectory, { ...OPTIONS, complete: false }).map(({ severity }) => severity);
    expect(severities).toContain('suspicious');
    expect(severities).not.toContain('settles');
  });

  it('name the criterion that a settled finding fails, and the span', () => {
    const asked = asks(call(CUT));
    expect(runChecks(run([asked, ran(CUT), answers()]), OPTIONS)).toEqual([
      {
        check: 'broken-arguments',
        severity: 'settles',
        message: 'expected JSON as arguments of "refund", got 17 characters that end in "{\\"order\\":\\"A1\\",\\"am"',
        spanId: asked.spanId,
        fails: ['task-completion'],
      },
    ]);
  });

  it('report at most five findings a check, and how many more there were', () => {
    const steps = Array.from({ length: 40 }, (_, at) => step('tool', `t${at}`, { error: 'down' }));
    const findings = runChecks(run(steps), OPTIONS);
    expect(findings).toHaveLength(5);
    expect(findings.at(-1)?.message).toMatch(/\(and 35 more of this kind\)$/);
  });

  it('show hostile text only quoted, cut and without control characters', () => {
    const name = `x\n\u001b[2J\u202e\u009b${'y'.repeat(5_000)}`;
    const [finding] = runChecks(run([asks(call('{}', name)), step('tool', name), answers()]), OPTIONS);
    expect(finding?.message).toMatch(/^expected a call of one of the 1 declared tools, got "[^"]*…"$/);
    expect(finding?.message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
  });

  it('outlast a trajectory that breaks one of them', () => {
    const trajectory = HEALTHY();
    const hostile = new Proxy(trajectory, {
      get: (target, key) => {
        if (key === 'tools') throw new TypeError('no such thing');
        return Reflect.get(target, key) as unknown;
      },
    });
    expect(runChecks(hostile, OPTIONS).map(({ check, severity }) => [check, severity])).toEqual([
      ['tool-schema', 'note'],
      ['unknown-tool', 'note'],
    ]);
  });
});

describe('suspicion', () => {
  const finding = (check: string, severity: Finding['severity']): Finding => ({
    check,
    severity,
    message: '',
    spanId: '',
  });
  const weight = (name: string): number => CHECKS.find((check) => check.name === name)?.weight ?? NaN;

  it('is 0 without findings and with notes alone', () => {
    expect(suspicionOf([])).toBe(0);
    expect(suspicionOf([finding('root-error', 'note')])).toBe(0);
  });

  it('is one less the product of what trust each suspicious check leaves, each check counted once', () => {
    const findings = [
      finding('step-budget', 'suspicious'),
      finding('step-budget', 'suspicious'),
      finding('root-error', 'suspicious'),
    ];
    expect(suspicionOf(findings)).toBeCloseTo(1 - (1 - weight('step-budget')) * (1 - weight('root-error')), 12);
  });

  it('is 1 when a criterion is settled', () => {
    expect(suspicionOf([finding('broken-arguments', 'settles')])).toBe(1);
  });
});

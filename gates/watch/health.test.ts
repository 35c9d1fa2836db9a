import { describe, expect, it } from 'vitest';
import type { JudgeAnswers, PipelineProgress } from '../../core/health.js';
import { lookAtHealth, type HealthLook } from './health.js';
import type { HysteresisState } from './hysteresis.js';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 10, 22, 8);
const NOTHING: JudgeAnswers = {
  ...{ tenant: 'acme', criterion: 'tone', passed: 0, failed: 0 },
  ...{ abstained: 0, errors: 0, shed: 0 },
};

/** Looks each minute; the pipeline is well unless it is said to be otherwise. */
class Looks {
  #states: ReadonlyMap<string, HysteresisState> = new Map();
  #minute = 0;

  look(answers: Partial<JudgeAnswers> | undefined, progress: Partial<PipelineProgress> = {}): HealthLook['findings'] {
    this.#minute += 1;
    const nowMs = START_MS + this.#minute * MINUTE_MS;
    const sight = {
      answers: answers === undefined ? [] : [{ ...NOTHING, ...answers }],
      progress: { lastDecidedMs: nowMs, decidedInDay: 1_000, oldestPendingMs: null, ...progress },
    };
    const { states, findings } = lookAtHealth(this.#states, sight, { nowMs, lookMs: MINUTE_MS });
    // As it is kept between looks.
    this.#states = new Map(JSON.parse(JSON.stringify([...states])) as [string, HysteresisState][]);
    return findings;
  }

  /** What so many looks at the same led to. */
  run(
    minutes: number,
    answers: Partial<JudgeAnswers> | undefined,
    progress?: Partial<PipelineProgress>,
  ): readonly string[] {
    return Array.from({ length: minutes }, () => this.look(answers, progress)).flatMap((findings) =>
      findings.map(({ rule, kind, state }) => `${kind} ${rule} ${state}`),
    );
  }
}

describe('judges', () => {
  it.each([
    ['judge-errors', { passed: 70, errors: 30 }],
    ['judge-abstains', { passed: 40, abstained: 60 }],
    ['judge-budget', { passed: 90, shed: 10 }],
    ['judge-one-sided', { failed: 60 }],
  ])('raise %s after three looks, and take it back after ten good minutes', (rule, bad) => {
    const looks = new Looks();
    expect(looks.run(2, bad)).toEqual([]);
    expect(looks.run(1, bad)).toEqual([`judge_health ${rule} firing`]);
    expect(looks.run(30, bad)).toEqual([]);
    expect(looks.run(9, { passed: 100, failed: 3 })).toEqual([]);
    expect(looks.run(5, { passed: 100, failed: 3 })).toEqual([`judge_health ${rule} resolved`]);
  });

  it('say nothing with few answers, and an alarm does not end because they stop', () => {
    const looks = new Looks();
    expect(looks.run(30, { errors: 19 })).toEqual([]);
    expect(looks.run(3, { passed: 10, errors: 90 })).toEqual(['judge_health judge-errors firing']);
    expect(looks.run(120, undefined)).toEqual([]);
    expect(looks.run(30, { passed: 5 })).toEqual([]);
  });

  it('may find that everything passes', () => {
    expect(new Looks().run(30, { passed: 5_000 })).toEqual([]);
  });

  it('do not flap between two shares', () => {
    const looks = new Looks();
    const between = { passed: 85, errors: 15 };
    expect(looks.run(30, between)).toEqual([]);
    expect(looks.run(3, { passed: 70, errors: 30 })).toHaveLength(1);
    expect(looks.run(60, between)).toEqual([]);
  });
});

describe('the pipeline', () => {
  it('raises its silence after steady traffic, and takes it back when traces come', () => {
    const looks = new Looks();
    expect(looks.run(60, undefined, { lastDecidedMs: START_MS })).toEqual(['pipeline_health pipeline-silent firing']);
    expect(looks.run(20, undefined)).toEqual(['pipeline_health pipeline-silent resolved']);
  });

  it('finds nothing strange in a quiet evening of little traffic, or before the first trace', () => {
    expect(new Looks().run(90, undefined, { lastDecidedMs: START_MS, decidedInDay: 30 })).toEqual([]);
    expect(new Looks().run(90, undefined, { lastDecidedMs: null, decidedInDay: 0 })).toEqual([]);
  });

  it('raises that judging is behind', () => {
    const looks = new Looks();
    expect(looks.run(60, undefined, { oldestPendingMs: START_MS })).toEqual(['pipeline_health judging-behind firing']);
    expect(looks.run(20, undefined)).toEqual(['pipeline_health judging-behind resolved']);
  });
});

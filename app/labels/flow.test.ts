import { describe, expect, it } from 'vitest';
import type { GivenLabel, LabelTask } from './api.js';
import { labelFlow } from './flow.js';

const task = (traceId: string): LabelTask => ({
  ...{ queue: 'cell', tenant: 'acme', traceId, version: 1, service: 'refunds', release: '1.0' },
  criteria: [
    { criterion: 'task-completion', question: 'Did it do what was asked?' },
    { criterion: 'tool-arguments', question: 'Were the arguments right?' },
  ],
});

async function play(
  keys: string,
  tasks = [task('a'), task('b')],
): Promise<{ done: number; saved: readonly GivenLabel[]; shown: string }> {
  const left = keys.split('');
  const saved: GivenLabel[] = [];
  let shown = '';
  const done = await labelFlow(tasks, {
    write: (text) => (shown += text),
    nextKey: () => Promise.resolve(left.shift() ?? 'quit'),
    story: ({ traceId }) => Promise.resolve(traceId === 'gone' ? undefined : `story of ${traceId}`),
    save: (labels) => Promise.resolve(void saved.push(...labels)),
    annotator: 'ann',
  });
  return { done, saved, shown };
}

const said = (labels: readonly GivenLabel[]): readonly string[] =>
  labels.map(({ traceId, criterion, value }) => `${traceId} ${criterion} ${value}`);

describe('labelFlow', () => {
  it('asks about each criterion of each trace and saves a trace once all are answered', async () => {
    const { done, saved, shown } = await play('pfsp');
    expect(done).toBe(2);
    expect(said(saved)).toEqual([
      'a task-completion pass',
      'a tool-arguments fail',
      'b task-completion skip',
      'b tool-arguments pass',
    ]);
    expect(saved[0]).toMatchObject({ queue: 'cell', tenant: 'acme', version: 1, annotator: 'ann' });
    expect(shown).toContain('story of a');
    expect(shown).toContain('Did it do what was asked?');
  });

  it('keeps nothing of a trace that is left half way', async () => {
    const { done, saved } = await play('ppfq');
    expect(done).toBe(1);
    expect(said(saved)).toEqual(['a task-completion pass', 'a tool-arguments pass']);
  });

  it('goes back to the criterion before, and passes over keys that mean nothing', async () => {
    const { saved } = await play('pbxfpq');
    expect(said(saved)).toEqual(['a task-completion fail', 'a tool-arguments pass']);
  });

  it('passes over a trace whose text is gone', async () => {
    const { done, shown } = await play('pp', [task('gone'), task('b')]);
    expect(done).toBe(1);
    expect(shown).not.toContain('story of gone');
  });
});

import { alarmIdOf } from '../../core/alarm-id.js';
import type { AlarmState, AlarmSubject, AlarmTransition, Severity } from '../../core/alarm.js';
import type { State, StateEntry } from '../../core/state.js';
import type { Finding } from './regression.js';

const ALARM = 'alarm/';
const TELL = 'tell/';

/**
 * Every alarm's latest step, and the steps that nobody was told of yet. A step is written down together with what it rests on, and
 * told afterwards, so that a kill in between tells it once more and never another.
 */
export class AlarmBook {
  constructor(private readonly state: State) {}

  /** The latest step of each alarm that is not resolved. */
  open(): readonly AlarmTransition[] {
    return this.#all().filter(({ state }) => state !== 'resolved');
  }

  latest(alarmId: string): AlarmTransition | undefined {
    const text = this.state.get(`${ALARM}${alarmId}`);
    return text === undefined ? undefined : (JSON.parse(text) as AlarmTransition);
  }

  /** The next step of an alarm, and what makes it durable; undefined when it is in that state already, or was never open. */
  step(finding: Finding, severity: Severity, atMs: number): readonly StateEntry[] {
    const alarmId = alarmIdOf(finding.rule, finding.subject);
    const known = this.latest(alarmId);
    if (!isNext(known?.state, finding.state)) return [];
    const isEnd = finding.state === 'resolved' && known !== undefined;
    const next: AlarmTransition = {
      ...finding,
      alarmId,
      sequence: (known?.sequence ?? 0) + 1,
      severity: isEnd ? known.severity : severity,
      startedAtMs: isEnd ? known.startedAtMs : finding.startedAtMs,
      atMs,
    };
    return entriesOf(next);
  }

  /** A person has seen the one alarm that fires and whose id begins so. Undefined when there is none, or more than one. */
  acknowledge(
    idPrefix: string,
    by: string,
    atMs: number,
  ): { readonly next: AlarmTransition; readonly entries: readonly StateEntry[] } | undefined {
    const fits = this.#all().filter(({ alarmId, state }) => state === 'firing' && alarmId.startsWith(idPrefix));
    const known = fits[0];
    if (known === undefined || fits.length > 1) return undefined;
    const details = { ...known.details, ...(by === '' ? {} : { acknowledgedBy: by }) };
    const next: AlarmTransition = { ...known, state: 'acknowledged', sequence: known.sequence + 1, details, atMs };
    return { next, entries: entriesOf(next) };
  }

  /** Steps to be told, in the order of each alarm. */
  untold(): readonly AlarmTransition[] {
    return [...this.state.range(TELL)].map(([, text]) => JSON.parse(text) as AlarmTransition);
  }

  async told({ alarmId, sequence }: AlarmTransition): Promise<void> {
    await this.state.delete([tellKey(alarmId, sequence)]);
  }

  /** Alarms of this subject that are open. */
  isOpen(rule: string, subject: AlarmSubject): boolean {
    const state = this.latest(alarmIdOf(rule, subject))?.state;
    return state !== undefined && state !== 'resolved';
  }

  #all(): readonly AlarmTransition[] {
    return [...this.state.range(ALARM)].map(([, text]) => JSON.parse(text) as AlarmTransition);
  }
}

function entriesOf(next: AlarmTransition): readonly StateEntry[] {
  const text = JSON.stringify(next);
  return [
    [`${ALARM}${next.alarmId}`, text],
    [tellKey(next.alarmId, next.sequence), text],
  ];
}

function isNext(before: AlarmState | undefined, after: AlarmState): boolean {
  if (after === 'firing') return before === undefined || before === 'resolved';
  return before !== undefined && before !== 'resolved';
}

function tellKey(alarmId: string, sequence: number): string {
  return `${TELL}${alarmId}/${String(sequence).padStart(9, '0')}`;
}

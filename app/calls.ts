import type { Erased, EraseRequest } from '../store/index.js';
import type { RoleName } from './pipeline.js';

/** The roles that answer calls. */
export interface Callable {
  has(role: RoleName): boolean;
  call(role: RoleName, method: string, args: readonly unknown[]): Promise<unknown>;
}

/** A call that takes more than the query role to answer. */
interface RoleCall {
  readonly roles: readonly RoleName[];
  readonly answer: (roles: Callable, args: readonly unknown[]) => Promise<unknown>;
}

/** Every call that the query role does not answer alone, by method. */
const ROLE_CALLS: Readonly<Record<string, RoleCall>> = {
  judge: {
    roles: ['query', 'judge', 'write'],
    async answer(roles, [traceId, request]) {
      const judgement = await roles.call('query', 'judgement', [traceId]);
      return roles.call('judge', 'judge', [judgement, request]);
    },
  },
  // The writer too, so that what is said is in the store when the command ends.
  addLabels: { roles: ['query', 'write'], answer: (roles, args) => roles.call('query', 'addLabels', args) },
  erase: {
    roles: ['query', 'judge', 'write'],
    async answer(roles, [request]) {
      const { dryRun } = request as EraseRequest;
      const erased = (await roles.call('write', 'erase', [request])) as Erased;
      const traceIds = erased.traces.map(({ traceId }) => traceId);
      const judgeEntries = dryRun ? null : await roles.call('judge', 'forget', [traceIds]);
      return { ...erased, dryRun, judgeEntries };
    },
  },
  // Also of an Assay that only receives.
  busState: { roles: [], answer: (roles) => roles.call(roles.has('query') ? 'query' : 'receive', 'busState', []) },
  // Null where nobody here has a spool.
  spoolState: {
    roles: [],
    answer: async (roles) => (roles.has('receive') ? ((await roles.call('receive', 'spoolState', [])) ?? null) : null),
  },
  deadLetters: onTheBus('deadLetters'),
  deadLetter: onTheBus('deadLetter'),
  replayDeadLetters: onTheBus('replayDeadLetters'),
  // What the gate says is known where it runs, and while nothing runs, in its state.
  acknowledgeAlarm: atTheGate('acknowledgeAlarm'),
  testChannel: atTheGate('testChannel'),
  floorRun: atTheGate('floorRun'),
  // The writer too, so that the case is in the store when the command ends.
  addCases: { roles: ['query', 'write'], answer: (roles, args) => roles.call('query', 'addCases', args) },
  judgeAnswer: { roles: ['judge'], answer: (roles, args) => roles.call('judge', 'judgeAnswer', args) },
  testRubric: { roles: ['judge'], answer: (roles, args) => roles.call('judge', 'testRubric', args) },
};

function atTheGate(method: string): RoleCall {
  return { roles: ['gate'], answer: (roles, args) => roles.call('gate', method, args) };
}

/** A call that any role with the bus open answers: one of these runs wherever an Assay does. */
function onTheBus(method: string): RoleCall {
  return {
    roles: [],
    answer(roles, args) {
      const names = ['query', 'receive', 'judge', 'publish', 'gate'] as const;
      return roles.call(names.find((name) => roles.has(name)) ?? 'query', method, args);
    },
  };
}

/** The roles that a process needs to answer this method. */
export function rolesOf(method: string): readonly RoleName[] {
  return ROLE_CALLS[method]?.roles ?? ['query'];
}

/** Answers one call by the roles that can. @returns undefined when one of these does not run here */
export function answerCall(roles: Callable, method: string, args: readonly unknown[]): Promise<unknown> | undefined {
  if (!rolesOf(method).every((role) => roles.has(role))) return undefined;
  return ROLE_CALLS[method]?.answer(roles, args) ?? roles.call('query', method, args);
}

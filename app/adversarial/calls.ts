import { caseIdOf, type AdversarialCase } from '../../core/adversarial-case.js';
import { systemClock } from '../../core/clock.js';
import { PipelineError } from '../../core/errors.js';
import { TENANT_HEADER, type LogRecord } from '../../core/log.js';
import type { Watch } from '../../gates/index.js';
import type { QueryDeps } from '../query-deps.js';
import { readTrace, readTraceOrRest, traceKeyOf } from '../read-trace.js';
import type { AddedCases, AdversarialQueries, GivenCase } from './api.js';

/** What the gate role answers. */
export function floorCalls(watch: Pick<Watch, 'takeRun'>): Pick<AdversarialQueries, 'floorRun'> {
  return { floorRun: (run) => watch.takeRun(run) };
}

/** What the query role answers. */
export function adversarialQueries(deps: QueryDeps): Pick<AdversarialQueries, 'cases' | 'addCases'> {
  return {
    async cases() {
      const cases = await deps.reader.adversarialCases();
      return Promise.all(cases.map(async (one) => (one.input === '' ? withInput(one, deps) : one)));
    },
    addCases: (given, addedBy) => add(given, addedBy, deps),
  };
}

/** A flag says only which trace it is about. */
async function withInput(one: AdversarialCase, { reader }: QueryDeps): Promise<AdversarialCase> {
  const { tenant, traceId } = one;
  const decision = await reader.decisionOf(tenant, traceId);
  if (decision === undefined) return one;
  const { trajectory } = await readTraceOrRest(reader, { tenant, traceId }, decision);
  return { ...one, input: trajectory.input ?? '' };
}

async function add(given: readonly GivenCase[], addedBy: string, deps: QueryDeps): Promise<AddedCases> {
  const cases: AdversarialCase[] = [];
  for (const one of given) cases.push(await toCase(one, addedBy, deps));
  const known = new Set((await deps.reader.adversarialCases()).map(keyOf));
  const fresh = [...new Map(cases.map((one) => [keyOf(one), one])).values()].filter((one) => !known.has(keyOf(one)));
  if (fresh.length > 0) await deps.log.append(fresh.map(toRecord));
  return { caseIds: cases.map(({ caseId }) => caseId), known: cases.length - fresh.length };
}

async function toCase(given: GivenCase, addedBy: string, deps: QueryDeps): Promise<AdversarialCase> {
  const { criterion = '', contains = '', lacks = '', matches = '', pattern = '', note = '' } = given;
  refuseNoRegExp(matches);
  const from = await originOf(given, deps);
  if (from.input.trim() === '') {
    throw new PipelineError('CONFIG_INVALID', 'expected a case that asks something, got no input; give --input');
  }
  const content = { ...from, criterion, contains, lacks, matches, pattern };
  const origin = from.traceId === '' ? 'command' : 'trace';
  return { caseId: caseIdOf(content), ...content, origin, note, addedBy, addedAtMs: systemClock.nowMs() };
}

async function originOf(
  { traceId, input, tenant }: GivenCase,
  deps: QueryDeps,
): Promise<Pick<AdversarialCase, 'tenant' | 'traceId' | 'input'>> {
  if (traceId === undefined) return { tenant: tenant ?? deps.config.collector.tenant, traceId: '', input: input ?? '' };
  const key = await traceKeyOf(deps, traceId);
  if (input !== undefined) return { ...key, input };
  const { trajectory } = await readTrace(deps.reader, key);
  return { ...key, input: trajectory.input ?? '' };
}

function refuseNoRegExp(matches: string): void {
  try {
    new RegExp(matches, 'u');
  } catch (error) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `expected a regular expression of ECMAScript with the flag u, got ${matches}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function keyOf({ tenant, caseId }: AdversarialCase): string {
  return `${tenant}\0${caseId}`;
}

function toRecord(one: AdversarialCase): LogRecord {
  return {
    topic: 'adversarial',
    key: one.caseId,
    value: new TextEncoder().encode(JSON.stringify(one)),
    headers: { [TENANT_HEADER]: one.tenant },
  };
}

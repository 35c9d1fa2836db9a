import type { ReleaseCells } from '../../core/cell.js';
import { PipelineError } from '../../core/errors.js';
import {
  compareSlices,
  compareTraces,
  type GateOptions,
  type GateSlice,
  type GateVerdict,
  type PairCounts,
} from '../../gates/index.js';
import type { Pair } from './read-pairs.js';

/** The answer of `assay gate --json`. */
export interface GateReport {
  readonly verdict: GateVerdict;
  readonly baseline: string;
  readonly candidate: string;
  /** What was compared: items that both were run on, or traces of each. */
  readonly compared: 'items' | 'traces';
  /** Of traces; empty for items. */
  readonly service: string;
  /** Empty for the whole trace. */
  readonly criterion: string;
  readonly slices: readonly GateSlice[];
  /** Items that passed before and fail now, and the other way round; empty for traces. */
  readonly broken: readonly string[];
  readonly fixed: readonly string[];
}

/** Compares the items of two releases. */
export function gateOfPairs(
  pairs: readonly Pair[],
  { baseline, candidate, ...options }: GateOptions & { readonly baseline: string; readonly candidate: string },
): GateReport {
  const adversarial = pairs.filter((pair) => pair.adversarial);
  const { verdict, slices } = compareSlices({ all: countPairs(pairs), adversarial: countPairs(adversarial) }, options);
  const named = (before: Pair['baseline']): readonly string[] =>
    pairs.filter((pair) => pair.baseline === before && pair.candidate !== before).map(({ item }) => item);
  return {
    verdict,
    baseline,
    candidate,
    compared: 'items',
    service: '',
    criterion: '',
    slices,
    broken: named('pass'),
    fixed: named('fail'),
  };
}

function countPairs(pairs: readonly Pair[]): PairCounts {
  const changed = pairs.filter((pair) => pair.baseline !== pair.candidate);
  const broken = changed.filter((pair) => pair.baseline === 'pass').length;
  return { broken, fixed: changed.length - broken, same: pairs.length - changed.length };
}

/** Which traces are compared. */
export interface GateTraces extends GateOptions {
  readonly baseline: string;
  readonly candidate: string;
  /** Needed when several services have both releases. */
  readonly service?: string;
  /** The whole trace when it is left out. */
  readonly criterion?: string;
}

/**
 * Compares the traces of two releases, from the counts of the store.
 *
 * @throws {PipelineError} CONFIG_INVALID when a release, service or criterion is not there, or several services would be meant
 */
export function gateOfTraces(
  cells: readonly ReleaseCells[],
  { baseline, candidate, service: wanted, criterion = '', ...options }: GateTraces,
): GateReport {
  const service = wanted ?? onlyService(cells, [baseline, candidate]);
  const cellsOf = (release: string): ReleaseCells['cells'] => {
    const releases = cells.filter((entry) => entry.service === service && entry.release === release);
    const found = releases.find((entry) => entry.criterion === criterion);
    if (found !== undefined) return found.cells;
    throw releases.length === 0
      ? unknown(`release ${release} of ${service === '' ? 'the store' : service}`, namesOf(cells, service))
      : unknown(
          `criterion ${criterion} of release ${release}`,
          releases.map((entry) => entry.criterion).filter((name) => name !== ''),
        );
  };
  const { verdict, slices } = compareTraces({ baseline: cellsOf(baseline), candidate: cellsOf(candidate) }, options);
  return {
    verdict,
    baseline,
    candidate,
    compared: 'traces',
    service,
    criterion,
    slices,
    broken: [],
    fixed: [],
  };
}

function onlyService(cells: readonly ReleaseCells[], releases: readonly string[]): string {
  const services = [...new Set(cells.map((entry) => entry.service))].filter((service) =>
    releases.every((release) => cells.some((entry) => entry.service === service && entry.release === release)),
  );
  const [first] = services;
  if (services.length > 1) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `expected --service, since ${services.join(', ')} have both releases, got none`,
    );
  }
  if (first !== undefined) return first;
  throw unknown(`a service with both releases ${releases.join(' and ')}`, [
    ...new Set(cells.map((entry) => `${entry.service} ${entry.release}`.trim())),
  ]);
}

function namesOf(cells: readonly ReleaseCells[], service: string): readonly string[] {
  return [...new Set(cells.filter((entry) => entry.service === service).map((entry) => entry.release))];
}

function unknown(what: string, known: readonly string[]): PipelineError {
  const others = known.length === 0 ? 'none' : known.join(', ');
  return new PipelineError('CONFIG_INVALID', `expected ${what}, got a store that has ${others}; see assay report`);
}

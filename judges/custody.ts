import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { Log, LogReader } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { LostCall } from './call-entry.js';
import type { JournalFollower } from './journal-follower.js';
import type { Journal } from './journal.js';
import type { Turn } from './turn.js';

const LOOK_MS = 250;
const LOOKS_A_FOLLOW = 4;
const LOOKS_A_CLEARANCE = 40;

/** Which partitions of `judgements` are this judge's, and since when. */
export interface Custody {
  /** Takes up what has come: what others have bought in it is known when this resolves, and it is read from where the group is. */
  settle(): Promise<void>;
  /** Looks after what other judges do, until the judge stops. */
  watch(): Promise<void>;
  /** The turn in which a record of this partition may be judged; undefined when it is not this judge's any more, or not yet. */
  turnOf(partition: number): Turn | undefined;
  isCurrent(turn: Turn): boolean;
  /** One that pays for what a person asks. @throws {PipelineError} ASSAY_NOT_READY when there is none */
  anyTurn(): Turn;
}

/** Of a judge that attends to nothing where others do. */
export function createNoCustody(): Custody {
  return {
    settle: () => Promise.resolve(),
    watch: () => Promise.resolve(),
    turnOf: () => undefined,
    isCurrent: () => false,
    anyTurn() {
      throw noShare();
    },
  };
}

/** Of the only judge: all of it, until it stops. */
export function createSoleCustody(stopping: AbortSignal): Custody {
  const turn: Turn = { partition: 0, ended: stopping };
  return {
    settle: () => Promise.resolve(),
    watch: () => Promise.resolve(),
    turnOf: () => turn,
    isCurrent: () => true,
    anyTurn: () => turn,
  };
}

export interface SharedCustodyDeps {
  readonly log: Pick<Log, 'endOffsets'>;
  /** Of `judgements`. */
  readonly reader: LogReader;
  readonly follower: JournalFollower;
  readonly journal: Pick<Journal, 'loseOrphans'>;
  readonly stopping: AbortSignal;
  readonly random: () => number;
  /** Tells how many partitions share the budget. */
  readonly shareBy: (partitions: number) => void;
  readonly reportLost: (calls: readonly LostCall[]) => Promise<void>;
  /** Nothing that was begun in this partition is to be committed any more. */
  readonly onEnded: (partition: number) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface OpenTurn extends Turn {
  readonly number: number;
  readonly controller: AbortController;
}

/** Where several judges share the partitions. */
export class SharedCustody implements Custody {
  readonly #turns = new Map<number, OpenTurn>();

  constructor(private readonly deps: SharedCustodyDeps) {}

  async settle(): Promise<void> {
    const { reader, follower, log, shareBy } = this.deps;
    this.#endLost();
    const come = [...reader.assigned().keys()].filter((partition) => !this.#turns.has(partition));
    if (come.length === 0) return;
    shareBy((await log.endOffsets('judgements')).size);
    await follower.takeUp(come);
    const committed = await reader.committed();
    for (const partition of come) {
      const number = reader.assigned().get(partition);
      // It went again while its journal was read.
      if (number === undefined) continue;
      reader.seek(partition, committed.get(partition) ?? 0);
      this.#turns.set(partition, this.#begin(partition, number));
    }
  }

  async watch(): Promise<void> {
    const { clock, logger, follower, stopping } = this.deps;
    for (let looks = 1; !stopping.aborted; looks += 1) {
      await clock.sleep(LOOK_MS, stopping);
      this.#endLost();
      try {
        if (looks % LOOKS_A_FOLLOW === 0) await follower.follow();
        if (looks % LOOKS_A_CLEARANCE === 0) await this.#loseOrphans();
      } catch (error) {
        logger.warn({ error }, 'what other judges do is not known at the moment; it is looked for again');
      }
    }
  }

  turnOf(partition: number): Turn | undefined {
    const turn = this.#turns.get(partition);
    return turn !== undefined && this.deps.reader.assigned().get(partition) === turn.number ? turn : undefined;
  }

  isCurrent(turn: Turn): boolean {
    return this.turnOf(turn.partition) === turn;
  }

  anyTurn(): Turn {
    const turns = [...this.#turns.values()].filter((turn) => this.isCurrent(turn));
    const turn = turns[Math.floor(this.deps.random() * turns.length)];
    if (turn !== undefined) return turn;
    throw noShare();
  }

  /** Of partitions that went to another judge: it buys nothing more in them. */
  #endLost(): void {
    for (const { partition } of [...this.#turns.values()].filter((turn) => !this.isCurrent(turn))) this.#end(partition);
  }

  /** What was in flight at a judge that is gone, and nobody asks for any more. */
  async #loseOrphans(): Promise<void> {
    await this.deps.reportLost(await this.deps.journal.loseOrphans(new Set(this.#turns.keys())));
  }

  #begin(partition: number, number: number): OpenTurn {
    const controller = new AbortController();
    const { stopping } = this.deps;
    // Everything in work in this partition listens.
    setMaxListeners(0, controller.signal);
    const end = (): void => {
      controller.abort(stopping.reason);
    };
    stopping.addEventListener('abort', end, { signal: controller.signal });
    if (stopping.aborted) end();
    return { partition, number, controller, ended: controller.signal };
  }

  #end(partition: number): void {
    const turn = this.#turns.get(partition);
    this.#turns.delete(partition);
    this.deps.onEnded(partition);
    turn?.controller.abort(
      new PipelineError(
        'BUS_UNAVAILABLE',
        `partition ${partition} of judgements went to another judge, which goes on with it`,
      ),
    );
  }
}

function noShare(): PipelineError {
  return new PipelineError(
    'ASSAY_NOT_READY',
    'expected this judge to have a partition of judgements, whose share of the budget pays for a judgement by hand, but it has none: ask where assay run --role judge works on Kafka, by no more processes than the topic has partitions',
  );
}

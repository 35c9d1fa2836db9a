/** What came to this sampler and what went since the last look. A partition that went and came again is in both. */
export interface Moves {
  readonly gone: readonly number[];
  readonly come: readonly number[];
}

/** The partitions whose traces this sampler puts together. Between two turns of a partition another may have decided its traces. */
export class Holdings {
  #turns: ReadonlyMap<number, number> = new Map();

  /** @param turns - as `LogReader.assigned` gives them */
  update(turns: ReadonlyMap<number, number>): Moves {
    const before = this.#turns;
    this.#turns = new Map(turns);
    const gone = [...before.keys()].filter((partition) => turns.get(partition) !== before.get(partition));
    const come = [...turns.keys()].filter((partition) => turns.get(partition) !== before.get(partition));
    return { gone, come };
  }

  /** Whether it is still the same turn of this partition as at the last update. */
  isHeld(partition: number, turns: ReadonlyMap<number, number>): boolean {
    const turn = turns.get(partition);
    return turn !== undefined && turn === this.#turns.get(partition);
  }
}

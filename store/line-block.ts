import type { StoredRecord } from '../core/log.js';
import { type Block, type BlockDeps, BlockPlace, pieceToken, type Skipped } from './block.js';
import type { LineTable } from './topic-table.js';

/** Bytes of lines in one insert. A constant, since the cuts must be the same when a block is written again. */
export const PIECE_BYTES = 16 * 1024 * 1024;

/** A block of rows as JSON lines. */
export class LineBlock implements Block {
  readonly place = new BlockPlace();
  readonly #lines: string[] = [];
  /** What did not fit into the first insert. */
  readonly #rest: Iterable<string>[] = [];
  #lineBytes = 0;
  readonly skipped: Skipped[] = [];

  constructor(
    private readonly table: LineTable,
    private readonly deps: Pick<BlockDeps, 'connection'>,
  ) {}

  get rows(): number {
    return this.#lines.length;
  }

  get isFull(): boolean {
    return this.#lineBytes >= PIECE_BYTES;
  }

  get isWhole(): boolean {
    return this.#rest.length === 0;
  }

  async add(record: StoredRecord): Promise<void> {
    this.place.add(record);
    try {
      this.#take(this.table.toLines(record)[Symbol.iterator]());
    } catch (error) {
      // Rows are a function of the record alone, so another try would end the same way.
      this.skipped.push({ record, error });
    }
    await Promise.resolve();
  }

  async finish(): Promise<void> {}

  async insert(token: string, signal: AbortSignal): Promise<number> {
    const { table } = this.table;
    let rows = 0;
    let index = 0;
    for (const lines of toPieces([this.#lines, ...this.#rest])) {
      // Between two pieces the block stays pending: the next start writes it again, and the engine drops what it has.
      if (index > 0) signal.throwIfAborted();
      await this.deps.connection.insert({ table, lines: lines.join('\n'), token: pieceToken(token, index) });
      rows += lines.length;
      index += 1;
    }
    return rows;
  }

  async discard(): Promise<void> {}

  #take(lines: Iterator<string>): void {
    while (!this.isFull) {
      const next = lines.next();
      if (next.done === true) return;
      this.#lines.push(next.value);
      this.#lineBytes += sizeOf(next.value);
    }
    this.#rest.push({ [Symbol.iterator]: () => lines });
  }
}

/** Cuts lines, in their order, into pieces of `PIECE_BYTES` at most, or of one line that is larger. */
function* toPieces(sources: readonly Iterable<string>[]): Generator<readonly string[], void, undefined> {
  let piece: string[] = [];
  let bytes = 0;
  for (const lines of sources) {
    for (const line of lines) {
      const size = sizeOf(line);
      if (bytes + size > PIECE_BYTES && piece.length > 0) {
        yield piece;
        piece = [];
        bytes = 0;
      }
      piece.push(line);
      bytes += size;
    }
  }
  if (piece.length > 0) yield piece;
}

function sizeOf(line: string): number {
  return Buffer.byteLength(line) + 1;
}

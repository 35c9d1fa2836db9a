import { PipelineError } from '../core/errors.js';
import type { StoredRecord } from '../core/log.js';
import { type Block, type BlockDeps, BlockPlace, pieceToken, type Skipped } from './block.js';
import type { BlockFile } from './block-files.js';
import { SPAN_TABLE_COLUMNS } from './native/span-columns.js';
import type { SpanEncoder } from './native/span-encoder.js';
import type { SpanTable } from './topic-table.js';

const MEBIBYTE = 1024 * 1024;
/** Bytes of rows in memory before they go to the file. A slice of work too: they take some 25 ms. */
const SLICE_BYTES = 4 * MEBIBYTE;
/** Bytes of rows in one insert. A constant, since the cuts must be the same when a block is written again. */
export const PIECE_BYTES = 64 * MEBIBYTE;

export interface SpanBlockDeps extends BlockDeps {
  /** Used by one block at a time. */
  readonly encoder: SpanEncoder;
}

/** A block of spans in Native, in a file of one insert. */
export class SpanBlock implements Block {
  readonly place = new BlockPlace();
  readonly skipped: Skipped[] = [];
  /** Records whose rows are not made, in a block that is full. */
  readonly #waiting: StoredRecord[] = [];
  #file: BlockFile | undefined;
  /** Of the piece that is being filled. */
  #bytes = 0;
  #rows = 0;
  #isRecordOpen = false;
  #opened: StoredRecord | undefined;
  #isFinished = false;

  constructor(
    private readonly table: SpanTable,
    private readonly deps: SpanBlockDeps,
  ) {}

  get rows(): number {
    return this.#rows + this.deps.encoder.rows;
  }

  get isFull(): boolean {
    return this.#bytes >= PIECE_BYTES;
  }

  get isWhole(): boolean {
    return !this.#isRecordOpen && this.#waiting.length === 0;
  }

  async add(record: StoredRecord): Promise<void> {
    this.place.add(record);
    if (!this.table.takes(record)) return;
    if (this.isFull) this.#waiting.push(record);
    else await this.#open(record);
  }

  async finish(): Promise<void> {
    this.#isFinished = true;
    await this.#writeOut();
  }

  async insert(token: string, signal: AbortSignal): Promise<number> {
    let rows = 0;
    try {
      for (let index = 0; this.#file !== undefined; index++) {
        // Between two pieces the block stays pending: the next start writes it again, and the engine drops what it has.
        if (index > 0) signal.throwIfAborted();
        const { path } = this.#file;
        const block = { table: this.table.table, columns: SPAN_TABLE_COLUMNS, path, rows: this.#rows };
        await this.deps.connection.insertNative({ ...block, token: pieceToken(token, index) });
        rows += this.#rows;
        await this.#nextPiece();
      }
    } finally {
      await this.discard();
    }
    return rows;
  }

  async discard(): Promise<void> {
    // Whoever fills another block meanwhile uses the encoder.
    if (!this.#isFinished || !this.isWhole) this.deps.encoder.reset();
    this.#isRecordOpen = false;
    this.#waiting.length = 0;
    await this.#removeFile();
  }

  async #nextPiece(): Promise<void> {
    await this.#removeFile();
    if (this.isWhole) return;
    this.#bytes = this.#rows = 0;
    if (this.#isRecordOpen) await this.#fill();
    while (!this.isFull && this.#waiting.length > 0) await this.#open(this.#waiting.shift()!);
    await this.#writeOut();
  }

  async #open(record: StoredRecord): Promise<void> {
    try {
      this.deps.encoder.open(record);
    } catch (error) {
      // Rows are a function of the record alone, so another try would end the same way.
      this.skipped.push({ record, error });
      return;
    }
    this.#isRecordOpen = true;
    this.#opened = record;
    await this.#fill();
  }

  /** Makes rows of the open record until it is at its end, or the piece is full. */
  async #fill(): Promise<void> {
    const { encoder } = this.deps;
    while (this.#isRecordOpen && !this.isFull) {
      this.#isRecordOpen = !encoder.encode(SLICE_BYTES);
      for (const { index, error } of encoder.takeUnwritable()) {
        this.skipped.push({ record: this.#opened!, error: unwritable(index, error) });
      }
      if (encoder.bytes >= SLICE_BYTES) await this.#writeOut();
    }
  }

  async #writeOut(): Promise<void> {
    const { encoder, files } = this.deps;
    if (encoder.rows === 0) return;
    this.#file ??= await files.create();
    await this.#file.write(encoder.toNative());
    this.#rows += encoder.rows;
    this.#bytes += encoder.bytes;
    encoder.clear();
  }

  async #removeFile(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.remove();
  }
}

function unwritable(index: number, cause: unknown): PipelineError {
  const problem = cause instanceof Error ? cause.message : String(cause);
  return new PipelineError(
    'RECORD_MALFORMED',
    `expected to make a row of span ${index} of this record, got "${problem}"; it is left out, the others are written`,
    { cause },
  );
}

import type { Clock } from '../core/clock.js';
import type { PollOptions, StoredRecord, Topic } from '../core/log.js';
import { openBlock, type Block } from './block.js';
import { deadLetter, type DeadLetter } from './dead-letters.js';
import { PARTITION, type BlockMeta, type Tables } from './tables.js';

interface LoadedBlock {
  readonly meta: BlockMeta;
  readonly bytes: Buffer;
  /** Undefined when its header is spoilt. */
  readonly block: Block | undefined;
}

export interface CursorDeps {
  readonly clock: Clock;
  /** Told of what is skipped because it is not what was written. */
  readonly onDead: (letter: DeadLetter) => void;
}

/** A place in a topic, and the block that is open there. Hot path: runs per record; `bench/bus.ts` measures it. */
export class BlockCursor {
  readonly #topic: Topic;
  readonly #deps: CursorDeps;
  #position: number;
  #loaded: LoadedBlock | undefined;
  #replacements: number | undefined;

  constructor(topic: Topic, position: number, deps: CursorDeps) {
    this.#topic = topic;
    this.#position = position;
    this.#deps = deps;
  }

  seek(position: number): void {
    this.#position = position;
  }

  /** What there is from here on, within the limits; one record at least when there is one. Moves on behind it. */
  read(tables: Tables, { maxRecords, maxBytes }: PollOptions): readonly StoredRecord[] {
    tables.refresh();
    this.#forgetErased(tables);
    const records: StoredRecord[] = [];
    let bytes = 0;
    while (records.length < maxRecords) {
      const loaded = this.#load(tables);
      if (loaded === undefined) break;
      const offset = this.#position;
      if (loaded.block === undefined) {
        this.#bury(loaded.meta, loaded.bytes, 'block');
        continue;
      }
      const index = offset - loaded.meta.firstOffset;
      if (loaded.block.isErased(index)) {
        this.#position = offset + 1;
        continue;
      }
      bytes += loaded.block.bytesOf(index);
      if (records.length > 0 && bytes > maxBytes) break;
      const record = loaded.block.recordAt(index);
      if (record === undefined) {
        this.#bury(loaded.meta, loaded.block.bodyAt(index), 'record');
        continue;
      }
      const { acceptedAtMs } = loaded.meta;
      records.push({ topic: this.#topic, partition: PARTITION, offset, acceptedAtMs, ...record });
      this.#position = offset + 1;
    }
    return records;
  }

  /** The open block is a copy: it may hold what was erased since. */
  #forgetErased(tables: Tables): void {
    const replacements = tables.replacements();
    if (replacements !== this.#replacements) this.#loaded = undefined;
    this.#replacements = replacements;
  }

  /** The block that holds the position, which moves up to it over what retention removed. */
  #load(tables: Tables): LoadedBlock | undefined {
    const at = this.#position;
    const before = this.#loaded?.meta;
    if (before !== undefined && at >= before.firstOffset && at < before.endOffset) return this.#loaded;
    const meta = at === before?.endOffset ? tables.blockFrom(this.#topic, at) : tables.blockAt(this.#topic, at);
    if (meta === undefined) return undefined;
    this.#position = Math.max(at, meta.firstOffset);
    const bytes = tables.read(meta.key) ?? Buffer.alloc(0);
    this.#loaded = { meta, bytes, block: openBlock(bytes, meta.endOffset - meta.firstOffset) };
    return this.#loaded;
  }

  #bury(meta: BlockMeta, body: Buffer, reason: DeadLetter['reason']): void {
    const firstOffset = this.#position;
    const endOffset = reason === 'block' ? meta.endOffset : firstOffset + 1;
    this.#position = endOffset;
    this.#deps.onDead(deadLetter(meta, { firstOffset, endOffset, reason, foundAtMs: this.#deps.clock.nowMs() }, body));
  }
}

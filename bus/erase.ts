import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../core/clock.js';
import { type RecordPlace, TOPICS, type Topic } from '../core/log.js';
import { type Block, eraseFromBlock, openBlock } from './block.js';
import type { Environment } from './environment.js';
import type { BusInstruments } from './instruments.js';
import { scrubFreePages } from './scrub.js';
import { type BlockMeta, type Gap, moveGroupsOn, PARTITION, type Tables } from './tables.js';

/** Blocks looked at before others have their turn. */
const BLOCKS_PER_TURN = 64;

/** Which records go. */
export interface Erasure {
  readonly keys: ReadonlySet<string>;
  readonly erases: (record: RecordPlace) => boolean;
}

export interface EraseDeps {
  readonly environment: Environment;
  readonly tables: Tables;
  readonly instruments: BusInstruments;
  readonly clock: Clock;
}

/**
 * Rewrites every block that holds such a record without it. All others keep their offsets, since an erased record keeps its
 * place, empty. A group whose commit has come to erased records moves on behind them. Then the old bytes are overwritten.
 *
 * @returns how many records were erased
 */
export async function eraseKeys(erasure: Erasure, deps: EraseDeps): Promise<number> {
  const { environment, clock, tables } = deps;
  const affected: BlockMeta[] = [];
  let total = 0;
  for (const topic of TOPICS) {
    const erased = await eraseTopic(topic, erasure, { ...deps, onErased: (meta) => affected.push(meta) });
    deps.instruments.erasedRecords.add(erased, { topic });
    total += erased;
  }
  // Also when nothing was found: an earlier erasure may have been killed before it came to this.
  await scrubFreePages(environment, clock);
  if (affected.length === 0) return 0;
  for (const meta of affected)
    await environment.write({
      apply: () => {
        tables.renewAround(meta);
      },
    });
  await scrubFreePages(environment, clock);
  return total;
}

async function eraseTopic(
  topic: Topic,
  erasure: Erasure,
  deps: EraseDeps & { readonly onErased: (meta: BlockMeta) => void },
): Promise<number> {
  const { environment, tables } = deps;
  let erased = 0;
  for (let offset = 0; ;) {
    tables.refresh();
    const blocks = tables.blocksFrom(topic, offset, BLOCKS_PER_TURN);
    const affected = blocks.filter((meta) => findErased(meta, erasure, tables).size > 0);
    for (const meta of affected) {
      erased += await environment.write({
        bytes: () => meta.bytes,
        apply: () => eraseInPlace(meta, erasure, tables),
      });
      deps.onErased(meta);
    }
    const last = blocks.at(-1);
    if (last === undefined) return erased;
    offset = last.endOffset;
    await nextTurn();
  }
}

/** Inside a transaction. @returns how many records were erased */
function eraseInPlace(meta: BlockMeta, erasure: Erasure, tables: Tables): number {
  const block = open(meta, tables);
  const erased = findErased(meta, erasure, tables);
  if (block === undefined || erased.size === 0) return 0;
  const count = meta.endOffset - meta.firstOffset;
  tables.replaceBlock(meta, eraseFromBlock(block, count, erased), gapsOf(meta, erased, tables));
  moveGroupsOn(meta.key[0] as Topic, tables);
  return erased.size;
}

/** Places in the block of the records that go. A spoilt record is given to nobody, so it goes by its key alone. */
function findErased(meta: BlockMeta, { keys, erases }: Erasure, tables: Tables): ReadonlySet<number> {
  const found = new Set<number>();
  const block = open(meta, tables);
  for (let index = 0; block !== undefined && index < meta.endOffset - meta.firstOffset; index += 1) {
    const key = block.keyAt(index);
    if (!keys.has(key)) continue;
    const headers = block.recordAt(index)?.headers;
    const topic = meta.key[0] as Topic;
    const offset = meta.firstOffset + index;
    if (headers === undefined || erases({ topic, key, partition: PARTITION, offset, headers })) found.add(index);
  }
  return found;
}

function open(meta: BlockMeta, tables: Tables): Block | undefined {
  const bytes = tables.read(meta.key);
  return bytes === undefined ? undefined : openBlock(bytes, meta.endOffset - meta.firstOffset);
}

/** What the block has as gaps already, be it erased or spoilt, and what is erased now. */
function gapsOf(meta: BlockMeta, erased: ReadonlySet<number>, tables: Tables): readonly Gap[] {
  const topic = meta.key[0] as Topic;
  const gaps: { firstOffset: number; endOffset: number }[] = [];
  for (let offset = meta.firstOffset; offset < meta.endOffset; offset += 1) {
    if (!erased.has(offset - meta.firstOffset) && tables.skipGaps(topic, offset) === offset) continue;
    const last = gaps.at(-1);
    if (last?.endOffset === offset) last.endOffset = offset + 1;
    else gaps.push({ firstOffset: offset, endOffset: offset + 1 });
  }
  return gaps;
}

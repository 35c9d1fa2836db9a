import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { KafkaMessage } from 'kafkajs';

/** A batch of records that cannot be decompressed or taken apart. */
export interface UnreadableBatch {
  readonly firstOffset: number;
  /** One past its last. */
  readonly endOffset: number;
  /** Of the batch as it came, compressed. */
  /** Bus time of its newest record. */
  readonly acceptedAtMs: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly problem: string;
}

/** What stands in a batch's place: at its last offset, without a value. */
type StandIn = KafkaMessage & { readonly unreadable: UnreadableBatch };

/** @returns undefined when the message is one */
export function unreadableOf(message: KafkaMessage): UnreadableBatch | undefined {
  return 'unreadable' in message ? (message as StandIn).unreadable : undefined;
}

/** The part of kafkajs that reads the answer to a fetch; it has no other place to step in. */
interface FetchResponse {
  decode: ((bytes: Buffer) => Promise<Fetched>) & { passesUnreadable?: true };
}

interface Fetched {
  readonly responses: readonly FetchedTopic[];
}

interface FetchedTopic {
  readonly topicName: string;
  readonly partitions: readonly FetchedPartition[];
}

interface FetchedPartition {
  readonly highWatermark: string;
  readonly messages: readonly KafkaMessage[];
}

/** The version that kafkajs and every broker since Kafka 2.3 agree on. */
const FETCH_RESPONSE = 'kafkajs/src/protocol/requests/fetch/v11/response.js';

/**
 * Has kafkajs pass by batches that it cannot read, for good. By itself it ends the consumer, and the next one at the same place: one
 * batch stops a partition for ever, and with it all others that come in the same answer. Answers without such a batch are read as ever.
 */
export function passUnreadableBatches(): void {
  const response = createRequire(import.meta.url)(FETCH_RESPONSE) as FetchResponse;
  const { decode } = response;
  if (decode.passesUnreadable === true) return;
  const patient = async (bytes: Buffer): Promise<Fetched> => {
    try {
      return await decode(bytes);
    } catch {
      return decodeApart(bytes, decode);
    }
  };
  response.decode = Object.assign(patient, { passesUnreadable: true as const });
}

/** Throttle time, error code, session. */
const HEAD_BYTES = 10;
/** Of a partition, before its aborted transactions: number, error code, three offsets. */
const PARTITION_BYTES = 30;
const ABORTED_BYTES = 16;
const REPLICA_BYTES = 4;
/** Before the length of a batch ends: its first offset and that length. */
const BATCH_HEAD_BYTES = 12;
const LAST_OFFSET_DELTA_AT = 23;
const MAX_TIMESTAMP_AT = 35;
const LEAST_BATCH_BYTES = 61;

/** The same answer, read a batch at a time: each as if it had come alone. */
async function decodeApart(bytes: Buffer, decode: (bytes: Buffer) => Promise<Fetched>): Promise<Fetched> {
  const at = { position: HEAD_BYTES };
  const count = (): number => bytes.readInt32BE((at.position += 4) - 4);
  const piece = (length: number): Buffer => bytes.subarray(at.position, (at.position += length));
  const responses: FetchedTopic[] = [];
  for (let topics = count(); topics > 0; topics -= 1) {
    const name = piece(2 + bytes.readInt16BE(at.position));
    const partitions: FetchedPartition[] = [];
    for (let left = count(); left > 0; left -= 1) {
      const aborted = Math.max(0, bytes.readInt32BE(at.position + PARTITION_BYTES));
      const place = piece(PARTITION_BYTES + 4 + aborted * ABORTED_BYTES + REPLICA_BYTES);
      const batches = piece(Math.max(0, count()));
      const alone = (batch: Buffer): Buffer =>
        Buffer.concat([bytes.subarray(0, HEAD_BYTES), one, name, one, place, int32(batch.length), batch]);
      partitions.push(await decodePartition(batches, (batch) => decode(alone(batch))));
    }
    responses.push({ topicName: name.toString('utf8', 2), partitions });
  }
  return { ...(await decode(Buffer.concat([bytes.subarray(0, HEAD_BYTES), int32(0)]))), responses };
}

async function decodePartition(
  batches: Buffer,
  decode: (batch: Buffer) => Promise<Fetched>,
): Promise<FetchedPartition> {
  const empty = partitionOf(await decode(Buffer.alloc(0)));
  const messages: KafkaMessage[] = [];
  for (let from = 0; from + LEAST_BATCH_BYTES <= batches.length;) {
    const end = from + BATCH_HEAD_BYTES + batches.readInt32BE(from + 8);
    // The last may be cut off: it comes whole with the next answer.
    if (end > batches.length || end < from + LEAST_BATCH_BYTES) break;
    const batch = batches.subarray(from, end);
    const limit = end + 8 <= batches.length ? batches.readBigInt64BE(end) : BigInt(empty.highWatermark);
    try {
      messages.push(...partitionOf(await decode(batch)).messages);
    } catch (error) {
      messages.push(standInFor(batch, Number(limit), error));
    }
    from = end;
  }
  return { ...empty, messages };
}

/** @param limit - of the offsets in it, exclusive: what says how many there are may be spoilt too */
function standInFor(batch: Buffer, limit: number, error: unknown): StandIn {
  const firstOffset = Number(batch.readBigInt64BE(0));
  const delta = Math.max(0, batch.readInt32BE(LAST_OFFSET_DELTA_AT));
  const endOffset = Math.max(firstOffset + 1, Math.min(firstOffset + delta + 1, limit));
  const acceptedAtMs = Math.max(0, Number(batch.readBigInt64BE(MAX_TIMESTAMP_AT)));
  const unreadable = {
    ...{ firstOffset, endOffset, acceptedAtMs, bytes: batch.length },
    sha256: createHash('sha256').update(batch).digest('hex'),
    problem: error instanceof Error ? error.message : String(error),
  };
  // What kafkajs asks of a message before it hands it on.
  const asked = { isControlRecord: false, batchContext: { producerId: '-1', inTransaction: false } };
  return {
    ...{ key: null, value: null, timestamp: String(acceptedAtMs), attributes: 0, headers: {}, ...asked },
    offset: String(endOffset - 1),
    unreadable,
  };
}

function partitionOf({ responses }: Fetched): FetchedPartition {
  const partition = responses[0]?.partitions[0];
  if (partition === undefined) throw new Error('expected a partition in an answer that was made with one, got none');
  return partition;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

const one = int32(1);

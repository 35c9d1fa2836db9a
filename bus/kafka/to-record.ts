import type { KafkaMessage } from 'kafkajs';
import type { StoredRecord, Topic } from '../../core/log.js';
import type { Placed } from './partition-buffers.js';

/** A message of Kafka as the pipeline knows records. Of headers of one name the last counts. */
export function toRecord(topic: Topic, { partition, message }: Placed): StoredRecord {
  return {
    topic,
    partition,
    key: message.key?.toString() ?? '',
    value: message.value ?? new Uint8Array(0),
    headers: toHeaders(message),
    offset: Number(message.offset),
    // The broker's own time: the topics are made with LogAppendTime.
    acceptedAtMs: Number(message.timestamp),
  };
}

function toHeaders({ headers }: KafkaMessage): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    texts[name] = last?.toString() ?? '';
  }
  return texts;
}

import type { Kafka, ProducerBatch } from 'kafkajs';
import { describe, expect, it, vi } from 'vitest';
import type { LogRecord, StoredRecord } from '../../core/log.js';
import { busConfig, type KafkaConfig } from '../config.js';
import { KafkaProducer } from './producer.js';

const config = busConfig.parse({ kafka: { brokers: ['kafka-1:9092'], compression: 'none' } }).kafka as KafkaConfig;

function record(text: string): LogRecord {
  return { topic: 'spans', key: 'k', value: Buffer.from(text) };
}

interface Rig {
  readonly producer: KafkaProducer;
  /** The texts of each request. */
  readonly sent: string[][];
  /** Called where the producer waits for its next try. */
  onSleep: () => void;
}

/** @param answer - what becomes of a request, by its number; 1 for the first */
function makeRig(answer: (request: number) => Promise<void>): Rig {
  const sent: string[][] = [];
  const rigged = { onSleep: (): void => undefined };
  const sendBatch = async ({ topicMessages = [] }: ProducerBatch): Promise<object[]> => {
    const texts = topicMessages.flatMap(({ messages }) => messages.map(({ value }) => String(value)));
    sent.push(texts);
    await answer(sent.length);
    return topicMessages.map(({ topic: topicName }) => ({ topicName, partition: 0, errorCode: 0 }));
  };
  const done = async (): Promise<void> => undefined;
  const kafka = { producer: () => ({ connect: done, disconnect: done, sendBatch }) } as unknown as Kafka;
  const clock = {
    nowMs: () => 0,
    async sleep() {
      rigged.onSleep();
    },
  };
  const producer = new KafkaProducer(kafka, config, { clock, random: () => 0.5, partitionsOf: () => 1 });
  return Object.assign(rigged, { producer, sent });
}

describe('an append that is given up', () => {
  it('is answered at once, while its request hangs', async () => {
    const { producer, sent } = makeRig(() => new Promise(() => undefined));
    const giveUp = new AbortController();
    const appended = producer.append([record('1')], giveUp.signal);
    await vi.waitFor(() => {
      expect(sent).toEqual([['1']]);
    });
    giveUp.abort();
    await expect(appended).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(producer.append([record('2')], giveUp.signal)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('is not sent again, since its memory may hold something else by then', async () => {
    const rig = makeRig(async (request) => {
      if (request === 1) throw new Error('the connection broke');
    });
    const giveUp = new AbortController();
    const first = record('first');
    rig.onSleep = () => {
      giveUp.abort();
      Buffer.from(first.value.buffer, first.value.byteOffset, first.value.length).write('other');
    };
    const given = rig.producer.append([first], giveUp.signal);
    const kept = rig.producer.append([record('kept')]);
    await expect(given).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await kept;
    expect(rig.sent).toEqual([['first', 'kept'], ['kept']]);
  });
});

it('puts a record that lay elsewhere where its key says, as one that comes for the first time', async () => {
  const partitions: (number | undefined)[] = [];
  const sendBatch = async ({ topicMessages = [] }: ProducerBatch): Promise<object[]> => {
    const messages = topicMessages.flatMap((of) => of.messages);
    partitions.push(...messages.map(({ partition }) => partition));
    return messages.map(({ partition }) => ({ topicName: topicMessages[0]?.topic, partition, errorCode: 0 }));
  };
  const done = async (): Promise<void> => undefined;
  const kafka = { producer: () => ({ connect: done, disconnect: done, sendBatch }) } as unknown as Kafka;
  const clock = { nowMs: () => 0, sleep: done };
  const producer = new KafkaProducer(kafka, config, { clock, random: () => 0.5, partitionsOf: () => 6 });
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const fresh = keys.map((key): LogRecord => ({ ...record('x'), key }));
  const spooled = fresh.map((one): StoredRecord => ({ ...one, headers: {}, partition: 0, offset: 1, acceptedAtMs: 1 }));
  await producer.append(fresh);
  await producer.append(spooled);
  expect(new Set(partitions).size).toBeGreaterThan(1);
  expect(partitions.slice(keys.length)).toEqual(partitions.slice(0, keys.length));
  await producer.append([{ ...record('x'), toPartition: 5 }]);
  expect(partitions.at(-1)).toBe(5);
});

import { z } from 'zod';
import { clickhouseConfig } from './http/config.js';

const MEBIBYTE = 1024 * 1024;

/** Settings of the store and of its writer. */
export const storeConfig = z.strictObject({
  flushMs: z.int().min(10).max(60_000).default(1_000).describe('Longest time between two writes, in milliseconds.'),
  maxBlockRows: z
    .int()
    .min(1)
    .max(200_000)
    .default(20_000)
    .describe('Rows after which a block is written. A record is never split, so a block may be a little larger.'),
  maxBlockBytes: z
    .int()
    .min(1_024)
    .max(256 * MEBIBYTE)
    .default(64 * MEBIBYTE)
    .describe(
      'Bytes of records after which a block is written: 20,000 spans of 3 KB. Rows that take more than 64 MiB are inserted in several goes.',
    ),
  retention: z
    .strictObject({
      days: z
        .int()
        .min(0)
        .max(36_500)
        .default(90)
        .describe(
          'Days after which spans and logs are dropped, a whole day at a time; their decisions, verdicts and spend follow eight days later. 0 keeps them for ever.',
        ),
    })
    .prefault({})
    .describe('What is dropped from the store by age.'),
  clickhouse: clickhouseConfig
    .prefault({})
    .describe('A ClickHouse server that holds the store, instead of the embedded engine.'),
  maxThreads: z.int().min(1).max(64).default(2).describe('Threads that one query of the embedded engine may use.'),
  maxMemoryBytes: z
    .int()
    .min(128 * MEBIBYTE)
    .default(600 * MEBIBYTE)
    .describe('Memory that the embedded engine may use; a query beyond it is refused, a write beyond it waits.'),
  retryMinMs: z.int().min(1).default(200).describe('First wait before a failed write is tried again, in milliseconds.'),
  retryMaxMs: z
    .int()
    .min(1)
    .default(10_000)
    .describe('Longest wait before a failed write is tried again, in milliseconds.'),
});

export type StoreConfig = z.output<typeof storeConfig>;

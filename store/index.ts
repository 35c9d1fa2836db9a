export { storeConfig, type StoreConfig } from './config.js';
export { openStoreConnection, type StoreConnection, type StoreOptions } from './connection.js';
export { engineMissing, isEngineInstalled } from './engine-installed.js';
export type { TraceFilter, TraceRow } from './ledger-queries.js';
export { migrate } from './migrate.js';
export { createStoreReader, type ReaderDeps, type StoreReader } from './reader.js';
export type { SpendTotals, StoreCounts } from './report-queries.js';
export type { TraceKey } from './span-queries.js';
export { createWriter, WRITER_GROUP, type Writer, type WriterDeps } from './writer.js';

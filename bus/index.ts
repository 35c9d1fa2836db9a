export { busConfig, type BusConfig } from './config.js';
export type { DeadLetter } from './dead-letters.js';
export { inspectBus, type BusState, type GroupState } from './inspect.js';
export { createLmdbLog, type BusDeps, type BusOptions, type EmbeddedLog } from './lmdb-log.js';
export { createLmdbState, type ScrubbableState, type StateOptions } from './lmdb-state.js';

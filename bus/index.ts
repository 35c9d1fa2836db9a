export { busConfig, type BusConfig } from './config.js';
export { createLmdbLog, type BusDeps, type BusOptions, type EmbeddedLog } from './lmdb-log.js';
export { createLmdbState, type ScrubbableState, type StateOptions } from './lmdb-state.js';

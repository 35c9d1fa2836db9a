export type * from './api.js';
export type * from './dead-letters/api.js';
export { assayConfig, type AssayConfig, type RawConfig } from './config.js';
export { loadConfig, type ConfigSources, type LoadedConfig } from './load-config.js';
export { startAssay, type StartOptions } from './start-assay.js';
export { count, dollars, interval, paintFor, percent, table, type Paint } from './render/format.js';

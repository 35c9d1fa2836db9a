export { createCollector, type AdminPage, type Collector, type CollectorDeps } from './collector.js';
export { collectorConfig, type CollectorConfig } from './config.js';

export { estimatePassRate, type Estimate, type EstimateOptions } from './estimate.js';
export { effectiveVerdicts, weightedFailRate, type WeightedVerdicts } from './effective-verdicts.js';
export { effectiveCount, type WeightedCount } from './kish.js';
export { moverMargins, type Term } from './mover.js';
export { wilsonInterval, Z_95 } from './wilson.js';

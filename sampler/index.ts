export { CHECKS, runChecks, SETTLED_CRITERIA, suspicionOf, type CheckOptions } from './checks/index.js';
export { samplerConfig, type SamplerConfig } from './config.js';
export {
  chooseStratum,
  createDecider,
  isSelected,
  select,
  type Decider,
  type DeciderOptions,
  type DecisionInput,
  type Selection,
  type SelectionInput,
  type StratumInput,
} from './decider.js';
export { createSampler, SAMPLER_GROUP } from './sampler.js';
export type { SamplerDeps } from './sampler-deps.js';
export { upstreamWeight } from './upstream-weight.js';

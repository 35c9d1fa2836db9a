export { createBaseline, type Baseline, type BaselineOptions, type Bet } from './baseline.js';
export { batchLengthMs, checksPerYear } from './batch-length.js';
export { compareCells, compareTraces } from './compare-cells.js';
export {
  createDetector,
  evidence,
  updateDetector,
  type BetState,
  type DetectorBatch,
  type DetectorOptions,
  type DetectorState,
  type Evidence,
} from './detector.js';
export { alarmingSlices } from './e-bh.js';
export { aipw, type PredictedCell } from './aipw.js';
export { allocateLabels, LABEL_FLOOR, type LabelDemand } from './allocate-labels.js';
export { incompleteBeta, inverseIncompleteBeta, logGamma } from './beta.js';
export { clopperPearsonInterval } from './clopper-pearson.js';
export { clusterRobustMean, type Cluster } from './cluster-variance.js';
export { correctedPassRate, type CorrectedRate, type RateInterval } from './corrected-rate.js';
export { estimatePassRate, type Estimate, type EstimateOptions } from './estimate.js';
export {
  createFloorTest,
  updateFloorTest,
  type FloorCounts,
  type FloorOptions,
  type FloorState,
  type FloorTest,
} from './floor.js';
export { effectiveVerdicts, weightedFailRate, type WeightedVerdicts } from './effective-verdicts.js';
export { hajek, horvitzThompson, type Drawn, type MeanEstimate } from './horvitz-thompson.js';
export { jeffreysInterval } from './jeffreys.js';
export { effectiveCount, type WeightedCount } from './kish.js';
export { logMcNemarEvidence, logNonInferiority, type PairCounts } from './mcnemar.js';
export { moverMargins, type Term } from './mover.js';
export {
  comparePairs,
  compareSlices,
  type GateComparison,
  type GateOptions,
  type GateResult,
  type GateSlice,
  type GateVerdict,
} from './release-gate.js';
export {
  ALARM_POLICIES,
  rollingRule,
  type AlarmPolicy,
  type RollingRuleOptions,
  type RollingRuleResult,
  type RuleWindow,
  type SlicePassRate,
} from './rolling-rule.js';
export { judgeErrorStream, settledStream } from './streams.js';
export { ppi, type LabelledPairs, type PpiEstimate, type PpiOptions, type Unlabelled } from './ppi.js';
export { roganGladen, type Corrected, type Counted, type JudgedAgainstLabels } from './rogan-gladen.js';
export {
  twoPhase,
  type LabelCell,
  type LabelStratum,
  type TwoPhaseEstimate,
  type TwoPhaseOptions,
} from './two-phase.js';
export { wilsonInterval, Z_95 } from './wilson.js';
export { gatesConfig, type GatesConfig } from './config.js';
export { Watch, type WatchDeps } from './watch/watch.js';
export { FLOOR_RULE, type FloorRun } from './watch/floor.js';

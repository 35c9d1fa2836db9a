export { runFleet, type FleetOptions, type TraceTruth } from './run-fleet.js';
export { planRequests, RELEASES, type PlannedRequest } from './plan.js';
export type { ExportCounts } from './telemetry.js';

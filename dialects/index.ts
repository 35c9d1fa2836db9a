export { readTrajectory, type ReadContext } from './trajectory.js';
export { DIALECT_NAMES } from './table.js';

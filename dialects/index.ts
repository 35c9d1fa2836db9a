export { readTrajectory, type ReadContext } from './trajectory.js';
export { DIALECT_NAMES } from './table.js';
export { readFeedback, responseIdsOf, type FeedbackInput } from './feedback.js';
export type { FeedbackTarget } from './to-feedback.js';

export { excludedAsFeedback, excludedAsHealthCheck, excludedByRule } from './rules.js';

export { excludedAsHealthCheck, excludedByRule } from './rules.js';

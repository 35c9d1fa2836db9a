export { announcement } from './announcement.js';
export { buildPrompt, REPLY_SCHEMA_NAME, type Prompt } from './build-prompt.js';
export { judgesConfig, type JudgesConfig } from './config.js';
export { createJudge } from './judge.js';
export type { JudgeDeps } from './judge-deps.js';
export { judgeHash, type Instrument } from './judge-hash.js';
export { renderEvidence, type RenderedEvidence } from './render-evidence.js';
export { loadRubrics, type Rubric } from './rubric.js';

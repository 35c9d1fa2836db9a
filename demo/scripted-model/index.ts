export { createScriptedModel, type ScriptedFault, type ScriptedModel, type ScriptedModelOptions } from './server.js';
export { assess, JUDGE_ERRORS, scriptedVerdict, type ScriptedVerdict } from './judge-script.js';
export { evidenceKey, readEvidence, type EvidenceFacts, type JudgePrompt } from './evidence.js';
export { MISBEHAVIOURS, type Misbehaviour } from './agent-script.js';

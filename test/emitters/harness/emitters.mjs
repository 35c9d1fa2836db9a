import { ANSWER, QUESTION, SESSION, USER } from './truth.mjs';

const OPENAI = { model: 'gpt-4o-mini-2024-07-18', provider: 'openai', tokens: { input: 170, output: 29 } };
const ANTHROPIC = { model: 'claude-3-5-haiku-20241022', provider: 'anthropic', tokens: { input: 190, output: 29 } };
const SCENARIO = {
  outcome: 'judged',
  input: QUESTION,
  output: ANSWER,
  finishReason: 'stop',
  sessionId: SESSION,
  userId: USER,
  /** How the call of the tool is known: `span`, or `messages` where only the model's own spans were sent. */
  tool: 'span',
};
/** What a program sends that makes no session or user known. */
const ANONYMOUS = { sessionId: null, userId: null };

/**
 * Each program of run/, with what is true of its trace: the model and the provider as the emitter names them, everything
 * else as it happened. A field that an emitter does not send is null here, and named in `unsent`.
 */
export const EMITTERS = [
  {
    name: 'otel-genai-openai',
    packages: ['@opentelemetry/instrumentation-openai', 'openai'],
    truth: { ...SCENARIO, ...OPENAI, ...ANONYMOUS, tool: 'messages' },
  },
  {
    name: 'openinference-openai',
    packages: ['@arizeai/openinference-instrumentation-openai', 'openai'],
    truth: { ...SCENARIO, ...OPENAI },
  },
  {
    name: 'openinference-openai-stream',
    packages: ['@arizeai/openinference-instrumentation-openai', 'openai'],
    truth: { ...SCENARIO, ...OPENAI, ...ANONYMOUS, tool: 'messages', tokens: null, model: 'gpt-4o-mini' },
    unsent: 'tokens and the model that answered, of a streamed reply',
  },
  {
    name: 'openinference-anthropic',
    packages: ['@arizeai/openinference-instrumentation-anthropic', '@anthropic-ai/sdk'],
    truth: { ...SCENARIO, ...ANTHROPIC },
  },
  {
    name: 'openinference-langchain',
    packages: ['@arizeai/openinference-instrumentation-langchain', '@langchain/core'],
    truth: { ...SCENARIO, ...OPENAI, model: 'gpt-4o-mini' },
    unsent: 'the model that answered, but in a dump of its reply',
  },
  {
    name: 'openinference-openai-agents',
    packages: ['@arizeai/openinference-instrumentation-openai-agents', '@openai/agents'],
    truth: { ...SCENARIO, ...OPENAI, ...ANONYMOUS },
  },
  {
    name: 'openinference-vercel',
    packages: ['@arizeai/openinference-vercel', 'ai6'],
    truth: { ...SCENARIO, ...OPENAI, provider: 'openai.chat' },
  },
  {
    name: 'openllmetry',
    packages: ['@traceloop/node-server-sdk', 'openai'],
    truth: { ...SCENARIO, ...OPENAI },
  },
  {
    name: 'openllmetry-legacy',
    packages: ['traceloop-legacy', 'openai'],
    truth: { ...SCENARIO, ...OPENAI, provider: 'OpenAI' },
  },
  { name: 'vercel-ai-v5', packages: ['ai5'], truth: { ...SCENARIO, ...OPENAI, provider: 'openai.chat' } },
  {
    name: 'vercel-ai-v5-anthropic',
    packages: ['ai5'],
    truth: { ...SCENARIO, ...ANTHROPIC, provider: 'anthropic.messages' },
  },
  { name: 'vercel-ai-v6', packages: ['ai6'], truth: { ...SCENARIO, ...OPENAI, provider: 'openai.chat' } },
  { name: 'vercel-ai-v6-stream', packages: ['ai6'], truth: { ...SCENARIO, ...OPENAI, provider: 'openai.responses' } },
  { name: 'vercel-ai-v7', packages: ['ai7', '@ai-sdk/otel'], truth: { ...SCENARIO, ...OPENAI } },
  {
    name: 'vercel-ai-v7-legacy',
    packages: ['ai7', '@ai-sdk/otel'],
    truth: { ...SCENARIO, ...OPENAI, provider: 'openai.chat', ...ANONYMOUS },
  },
  {
    name: 'langfuse',
    packages: ['@langfuse/otel', '@langfuse/tracing', '@langfuse/openai'],
    truth: { ...SCENARIO, ...OPENAI, provider: null, finishReason: null },
    unsent: 'provider and finish reason',
  },
  {
    name: 'mastra',
    packages: ['@mastra/core', '@mastra/observability', '@mastra/otel-exporter'],
    truth: { ...SCENARIO, ...OPENAI, provider: 'openai.chat' },
  },
  {
    name: 'strands',
    packages: ['@strands-agents/sdk'],
    truth: { ...SCENARIO, ...OPENAI, provider: 'strands-agents', model: 'gpt-4o-mini' },
  },
  {
    name: 'strands-latest',
    packages: ['@strands-agents/sdk'],
    truth: { ...SCENARIO, ...OPENAI, provider: 'strands-agents', model: 'gpt-4o-mini' },
  },
  {
    name: 'anthropic-sdk',
    packages: ['@anthropic-ai/sdk'],
    truth: { ...SCENARIO, ...ANTHROPIC, ...ANONYMOUS, outcome: 'abstained', input: null, output: null, tool: 'none' },
    unsent: 'message text',
  },
];

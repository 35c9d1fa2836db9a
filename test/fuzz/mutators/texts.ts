import type { Prng } from '../prng.js';

/** Keys that a dialect reads, or that are a trap in JavaScript. */
export const KEYS: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  '',
  '0',
  '4294967295',
  'assay.tenant',
  'assay.own',
  'assay.original_timestamp',
  'service.name',
  'service.version',
  'event.name',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.call.arguments',
  'gen_ai.operation.name',
  'gen_ai.response.id',
  'gen_ai.response.finish_reasons',
  'gen_ai.usage.input_tokens',
  'gen_ai.prompt.0.content',
  'gen_ai.completion.4294967295.tool_calls.9999999.name',
  'llm.input_messages.4294967295.message.role',
  'llm.input_messages.0.message.tool_calls.1e9.tool_call.function.name',
  'llm.tools.0.tool.json_schema',
  'openinference.span.kind',
  'input.value',
  'input.mime_type',
  'output.value',
  'ai.prompt.messages',
  'ai.response.toolCalls',
  'ai.operationId',
  'traceloop.entity.input',
  'traceloop.span.kind',
  'langfuse.observation.input',
  'langfuse.observation.usage_details',
  'langfuse.observation.type',
  'mastra.span.type',
  'exception.message',
  'annotation.0.score',
  'logfire.feedback.value',
];

const DEEP = 20_000;

const TEXTS: readonly (() => string)[] = [
  () => '',
  () => '\0',
  () => 'a\0b',
  () => '\u{1f600}'.repeat(50),
  () => '\u202e\ufeff\uffff',
  () => 'x'.repeat(70_000),
  () => '{"role":"us',
  () => '[{"role":"user","parts":[{"type":"text","content":"hi"}]}',
  () => '[{"role":"user","content":[{"type":"text"},null,7,{"type":[]}]},null,"x",[[]]]',
  () => '[{"role":"assistant","tool_calls":[{"function":{"arguments":{"__proto__":{"a":1}}}}]}]',
  () => '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
  () => '['.repeat(DEEP),
  () => `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
  () => '{"a":'.repeat(DEEP),
  () => `"${'\\"'.repeat(2_000)}"`,
  () => JSON.stringify(JSON.stringify(JSON.stringify([{ role: 'user', content: 'x' }]))),
  () => '1e999',
  () => '-1',
  () => 'NaN',
  () => '99999999999999999999999999',
  () => '\\ud83d',
  () => '"\\ud800"',
  () => 'null',
  () => 'true',
  () => 'gen_ai.evaluation.result',
  () => 'gen_ai.choice',
  () => 'gen_ai.user.message',
  () => 'TOOL',
  () => 'LLM',
  () => 'execute_tool',
  () => 'chat',
  () => 'invoke_agent',
  () => 'ai.streamText.doStream',
];

/** A text that is somebody's trouble. */
export function oddText(prng: Prng): string {
  return prng.chance(0.25) ? prng.pick(KEYS) : prng.pick(TEXTS)();
}

/** The same as bytes, or bytes that are no UTF-8. */
export function oddBytes(prng: Prng): Buffer {
  if (prng.chance(0.7)) return Buffer.from(oddText(prng));
  return prng.pick([
    Buffer.from([0xff, 0xfe]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from([0xf0, 0x9f, 0x98]),
    Buffer.from([0xc0, 0x80]),
    Buffer.alloc(3_000, 0x80),
    prng.bytes(24),
  ]);
}

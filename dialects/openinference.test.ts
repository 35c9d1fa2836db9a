import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import { asRow } from '../test/fixtures/captures/load.js';
import { makeSpan } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

function read(attributes: Readonly<Record<string, AttributeValue>>) {
  const span = makeSpan({ attributes });
  const trajectory = readTrajectory([span], { tenant: 't' });
  expect(readTrajectory([asRow(span)], { tenant: 't' })).toEqual(trajectory);
  return trajectory;
}

describe('flattened lists', () => {
  const LLM = { 'openinference.span.kind': 'LLM', 'llm.model_name': 'm-1' };

  it('reads messages by index and not by the order of keys', () => {
    const run = read({
      ...LLM,
      'llm.input_messages.10.message.role': 'user',
      'llm.input_messages.10.message.content': 'last',
      'llm.input_messages.2.message.content': 'first',
      'llm.input_messages.2.message.role': 'user',
    });
    expect(run.input).toBe('last');
  });

  it('ignores indices beyond the cap, keys of objects for indices, and half keys, and is not slowed by them', () => {
    const started = performance.now();
    const run = read({
      ...LLM,
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': 'hello',
      'llm.input_messages.4294967295.message.role': 'user',
      'llm.input_messages.4294967295.message.content': 'attack',
      'llm.input_messages.10000.message.content': 'attack',
      'llm.input_messages.-1.message.content': 'attack',
      'llm.input_messages.1e3.message.content': 'attack',
      'llm.input_messages.__proto__.message.content': 'attack',
      'llm.input_messages.constructor.message.content': 'attack',
      'llm.input_messages.0.message.tool_calls.99999999.tool_call.function.name': 'attack',
      'llm.input_messages.0.message.__proto__': 'attack',
      'llm.input_messages.0': 'attack',
      'llm.input_messages.': 'attack',
      'retrieval.documents.4294967295.document.content': 'attack',
      'llm.tools.__proto__.tool.json_schema': '{"name":"attack"}',
    });
    expect(performance.now() - started).toBeLessThan(200);
    expect(run.input).toBe('hello');
    expect(JSON.stringify(run, (_key, value: unknown) => (typeof value === 'bigint' ? '' : value))).not.toContain(
      'attack',
    );
    expect(Object.prototype).not.toHaveProperty('content');
  });

  it('reads prompts and choices of completion models', () => {
    const run = read({ ...LLM, 'llm.prompts.0.prompt.text': 'Once upon', 'llm.choices.0.completion.text': ' a time' });
    expect(run).toMatchObject({ input: 'Once upon', output: ' a time' });
  });

  it('reads calls that only the contents hold, and none twice', () => {
    const call = (at: string) => ({
      [`${at}.tool_call.id`]: 'c1',
      [`${at}.tool_call.function.name`]: 'book',
      [`${at}.tool_call.function.arguments`]: '{"seats":2}',
    });
    const expected = [{ id: 'c1', name: 'book', arguments: '{"seats":2}' }];
    const role = { 'llm.output_messages.0.message.role': 'assistant' };
    const contents = {
      ...call('llm.output_messages.0.message.contents.0'),
      'llm.output_messages.0.message.contents.0.message_content.type': 'tool_use',
    };
    expect(read({ ...LLM, ...role, ...contents }).steps[0]?.toolCalls).toEqual(expected);
    const both = { ...contents, ...call('llm.output_messages.0.message.tool_calls.0') };
    expect(read({ ...LLM, ...role, ...both }).steps[0]?.toolCalls).toEqual(expected);
  });

  it('reads declared tools from the invocation parameters when there is no list of them', () => {
    const parameters = JSON.stringify({
      tools: [{ name: 'book', input_schema: { type: 'object' } }],
      system: 'Be brief.',
    });
    const run = read({ ...LLM, 'llm.invocation_parameters': parameters });
    expect(run).toMatchObject({ instructions: 'Be brief.', tools: [{ name: 'book', parameters: { type: 'object' } }] });
  });
});

describe('input and output values', () => {
  it.each([
    ['text', 'What now?'],
    ['messages', '[{"role":"system","content":"Be brief."},{"role":"user","content":"What now?"}]'],
    ['an object of messages', '{"messages":[{"role":"user","content":"What now?"}]}'],
    ['a prompt', '{"prompt":"What now?"}'],
    [
      'serialised LangChain messages',
      '{"messages":[[{"lc":1,"type":"constructor","id":["a","HumanMessage"],"kwargs":{"content":"What now?"}}]]}',
    ],
  ])('finds what was asked in %s', (_name, value) => {
    expect(read({ 'openinference.span.kind': 'AGENT', 'input.value': value }).input).toBe('What now?');
  });

  it('keeps a structured answer as it is', () => {
    const value = '{"city": "Rome", "temp": 21}';
    expect(read({ 'openinference.span.kind': 'AGENT', 'output.value': value }).output).toBe(value);
  });

  it('comes after what other dialects say of the same span', () => {
    const run = read({
      'openinference.span.kind': 'AGENT',
      'input.value': 'the whole request',
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"What now?"}]}]',
    });
    expect(run).toMatchObject({ input: 'What now?', dialects: ['openinference', 'otel-genai'] });
  });

  it('takes hidden values for none', () => {
    const hidden = { 'input.value': '__REDACTED__', 'output.value': '__REDACTED__' };
    const run = read({ 'openinference.span.kind': 'LLM', 'llm.model_name': 'm-1', ...hidden });
    expect(run.hasContent).toBe(false);
  });

  it('takes real arguments from tool.parameters, but no schema', () => {
    const tool = { 'openinference.span.kind': 'TOOL', 'tool.name': 'book', 'output.value': 'done' };
    expect(read({ ...tool, 'tool.parameters': '{"seats":2}' }).steps[0]?.arguments).toBe('{"seats":2}');
    const schema = '{"type":"object","properties":{"seats":{"type":"number"}}}';
    expect(read({ ...tool, 'tool.parameters': schema }).steps[0]?.arguments).toBeUndefined();
  });

  it("sees a tool's failure in a serialised LangChain message", () => {
    const dump = {
      output: {
        lc: 1,
        id: ['m', 'ToolMessage'],
        kwargs: { status: 'error', content: 'no table left', tool_call_id: 'c1' },
      },
    };
    const run = read({ 'openinference.span.kind': 'TOOL', 'tool.name': 'book', 'output.value': JSON.stringify(dump) });
    expect(run.steps).toMatchObject([{ result: 'no table left', error: 'no table left' }]);
  });
});

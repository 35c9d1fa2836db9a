import { describe, expect, it } from 'vitest';
import { PipelineError } from '../../core/errors.js';
import type { Log, LogRecord, Topic } from '../../core/log.js';
import type { Model, ModelReply, ModelRequest } from '../../core/model.js';
import { observeFetch, observeLog, observeModel } from './index.js';
import type { OwnAttributes, OwnFailure, OwnSpans, OwnWork } from './own-spans.js';

const NEVER = new AbortController().signal;

interface Recorded extends OwnWork {
  readonly noted: OwnAttributes;
  readonly failure?: OwnFailure | undefined;
}

function recorder(): OwnSpans & { readonly recorded: Recorded[] } {
  const recorded: Recorded[] = [];
  return {
    recorded,
    async record(what, work, explain) {
      let noted: OwnAttributes = {};
      try {
        const result = await work((attributes) => (noted = { ...noted, ...attributes }));
        recorded.push({ ...what, noted });
        return result;
      } catch (error) {
        recorded.push({ ...what, noted, failure: explain?.(error) });
        throw error;
      }
    },
  };
}

const REQUEST: ModelRequest = {
  system: 'RUBRIC WORDS',
  user: 'TRACE WORDS',
  schema: { title: 'SCHEMA WORDS' },
  schemaName: 'judgement',
  temperature: 0.3,
  maxOutputTokens: 800,
};

function model(complete: () => Promise<ModelReply>): Model {
  return {
    provider: 'openai',
    name: 'gpt-6-luna',
    baseUrl: 'https://llm.example/v1',
    price: { inputUsdPerMillion: 1, outputUsdPerMillion: 2, version: 'test' },
    parameters: { temperature: 0.3, maxOutputTokens: 800 },
    complete,
  };
}

const ASKED = {
  name: 'chat gpt-6-luna',
  kind: 'client',
  attributes: {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-6-luna',
    'gen_ai.request.max_tokens': 800,
    'gen_ai.request.temperature': 0.3,
    'gen_ai.output.type': 'json',
    'server.address': 'llm.example',
    'server.port': 443,
  },
};

describe('a judge call', () => {
  it('is one chat span with models and tokens, and not a word of what was said', async () => {
    const spans = recorder();
    const reply = { value: { why: 'REPLY WORDS' }, model: 'gpt-6-luna-1', inputTokens: 1_200, outputTokens: 90 };
    const observed = observeModel(
      model(() => Promise.resolve(reply)),
      spans,
    );
    expect(await observed.complete(REQUEST, NEVER)).toBe(reply);
    expect(spans.recorded).toEqual([
      {
        ...ASKED,
        noted: {
          'gen_ai.response.model': 'gpt-6-luna-1',
          'gen_ai.usage.input_tokens': 1_200,
          'gen_ai.usage.output_tokens': 90,
        },
      },
    ]);
    expect(JSON.stringify(spans.recorded)).not.toContain('WORDS');
  });

  it('that fails tells its code, what was charged, and no word of the provider', async () => {
    const spans = recorder();
    const cause = { brief: 'HTTP 400', inputTokens: 5, outputTokens: 7 };
    const error = new PipelineError('MODEL_REPLY_INVALID', 'expected JSON, got TRACE WORDS', { cause });
    const observed = observeModel(
      model(() => Promise.reject(error)),
      spans,
    );
    await expect(observed.complete(REQUEST, NEVER)).rejects.toBe(error);
    expect(spans.recorded).toEqual([
      {
        ...ASKED,
        noted: {},
        failure: {
          type: 'MODEL_REPLY_INVALID',
          message: 'HTTP 400',
          attributes: { 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.output_tokens': 7 },
        },
      },
    ]);
  });

  it('looks like the model that it observes', () => {
    const plain = model(() => Promise.reject(new Error('not called')));
    expect(observeModel(plain, recorder())).toEqual({ ...plain, complete: expect.any(Function) as unknown });
  });
});

describe('an append', () => {
  const appended: LogRecord[] = [];
  const log = {
    append: (records: readonly LogRecord[]) => Promise.resolve(void appended.push(...records)),
  } as unknown as Log;
  const of = (...topics: readonly Topic[]): readonly LogRecord[] =>
    topics.map((topic) => ({ topic, key: 'k', value: Buffer.from('TRACE WORDS') }));

  it('is a span when it hands judgements on', async () => {
    const spans = recorder();
    await observeLog(log, spans).append(of('decisions', 'judgements', 'judgements'));
    expect(spans.recorded).toEqual([
      {
        name: 'send judgements',
        kind: 'internal',
        attributes: {
          'messaging.operation.name': 'send',
          'messaging.destination.name': 'judgements',
          'messaging.batch.message_count': 2,
        },
        noted: {},
      },
    ]);
    expect(appended).toHaveLength(3);
  });

  it('is none when it says only what was decided, as of spans of our own', async () => {
    const spans = recorder();
    await observeLog(log, spans).append(of('decisions', 'policies'));
    expect(spans.recorded).toEqual([]);
  });
});

describe('a request that publishes', () => {
  it.each([
    [200, {}],
    [503, { 'error.type': '503' }],
  ])('is a span that tells status %i', async (status, more) => {
    const spans = recorder();
    const observed = observeFetch(() => Promise.resolve(new Response(null, { status })), spans);
    await observed('http://[::1]:4318/v1/logs', { method: 'POST', headers: { authorization: 'SECRET WORDS' } });
    expect(spans.recorded).toEqual([
      {
        name: 'publish verdicts',
        kind: 'client',
        attributes: { 'http.request.method': 'POST', 'server.address': '::1', 'server.port': 4318 },
        noted: { 'http.response.status_code': status, ...more },
      },
    ]);
  });
});

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { Model, ModelFailure, ModelRequest } from '../core/model.js';
import { Secret } from '../core/secret.js';
import { createModel } from './create-model.js';
import type { ModelOptions } from './index.js';

type Answer = (response: ServerResponse) => void;

const SCHEMA = {
  type: 'object',
  properties: { verdict: { type: 'string' } },
  required: ['verdict'],
  additionalProperties: false,
};

const REQUEST: ModelRequest = {
  system: 'You are an evaluation judge.',
  user: 'Did it work?',
  schema: SCHEMA,
  schemaName: 'assay_verdict',
  temperature: 0.3,
  maxOutputTokens: 500,
};

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

interface Seen {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Record<string, unknown>;
}

const openAiReply = (message: object, finish = 'stop', usage: object = { prompt_tokens: 120, completion_tokens: 30 }) =>
  json(200, {
    id: 'c1',
    object: 'chat.completion',
    model: 'gpt-6-luna-2026-09-22',
    choices: [{ index: 0, finish_reason: finish, message: { role: 'assistant', ...message } }],
    usage,
  });

const anthropicReply = (
  content: unknown,
  stop = 'tool_use',
  usage: object = { input_tokens: 120, output_tokens: 30 },
) =>
  json(200, {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-5-5-20261007',
    stop_reason: stop,
    content,
    usage,
  });

const toolUse = (input: unknown, name = 'assay_verdict') => [{ type: 'tool_use', id: 't1', name, input }];

/** Counts that make no sense: each switched the budget off, or gave money back. */
const GARBAGE = [-1, -1e12, 'NaN', '12', 1.5, 1e308, 2 ** 53, 1e12, null, {}, [], true];
const openAiUsage = (input: unknown, output: unknown) => ({ prompt_tokens: input, completion_tokens: output });
const anthropicUsage = (input: unknown, output: unknown) => ({ input_tokens: input, output_tokens: output });

const PROTOCOLS = [
  {
    provider: 'openai' as const,
    name: 'gpt-6-luna',
    base: '/v1',
    path: '/v1/chat/completions',
    answered: 'gpt-6-luna-2026-09-22',
    good: openAiReply({ content: '{"verdict":"pass"}' }),
    uncounted: openAiReply({ content: '{"verdict":"pass"}' }, 'stop', {}),
    miscounted: GARBAGE.flatMap((bad) => [
      openAiReply({ content: '{"verdict":"pass"}' }, 'stop', openAiUsage(bad, 30)),
      openAiReply({ content: '{"verdict":"pa' }, 'length', openAiUsage(120, bad)),
    ]),
    from: (model: unknown) =>
      json(200, {
        model,
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: '{"verdict":"pass"}' } }],
        usage: openAiUsage(120, 30),
      }),
    cut: openAiReply({ content: '{"verdict":"pa' }, 'length'),
    refused: openAiReply({ content: null, refusal: 'I cannot help with that.' }),
    empty: openAiReply({ content: null }),
    notJson: openAiReply({ content: 'The verdict is pass.' }),
  },
  {
    provider: 'anthropic' as const,
    name: 'claude-haiku-5-5',
    base: '',
    path: '/v1/messages',
    answered: 'claude-haiku-5-5-20261007',
    good: anthropicReply(toolUse({ verdict: 'pass' })),
    uncounted: anthropicReply(toolUse({ verdict: 'pass' }), 'tool_use', {}),
    miscounted: GARBAGE.flatMap((bad) => [
      anthropicReply(toolUse({ verdict: 'pass' }), 'tool_use', anthropicUsage(bad, 30)),
      anthropicReply(toolUse({}), 'max_tokens', anthropicUsage(120, bad)),
      ...(bad === null
        ? []
        : [
            anthropicReply(toolUse({ verdict: 'pass' }), 'tool_use', {
              ...anthropicUsage(120, 30),
              cache_read_input_tokens: bad,
            }),
          ]),
    ]),
    from: (model: unknown) =>
      json(200, {
        model,
        stop_reason: 'tool_use',
        content: toolUse({ verdict: 'pass' }),
        usage: anthropicUsage(120, 30),
      }),
    cut: anthropicReply(toolUse({}), 'max_tokens'),
    refused: anthropicReply([], 'refusal'),
    empty: anthropicReply([]),
    notJson: anthropicReply([{ type: 'text', text: 'The verdict is pass.' }], 'end_turn'),
  },
];

describe.each(PROTOCOLS)('a model behind the $provider protocol', (protocol) => {
  let server: Server;
  let origin: string;
  let answer: Answer;
  let seen: Seen[];
  const never = new AbortController().signal;

  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
        seen.push({ path: request.url ?? '', headers: request.headers, body });
        answer(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const model = (change: Partial<ModelOptions> = {}): Promise<Model> =>
    createModel(
      {
        provider: protocol.provider,
        name: protocol.name,
        baseUrl: `${origin}${protocol.base}`,
        apiKey: new Secret('sk-very-secret-key'),
        price: { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5, version: 'test' },
        parameters: { temperature: 0.3, maxOutputTokens: 500 },
        timeoutMs: 5000,
        ...change,
      },
      { clock: systemClock },
    );

  const failure = async (change: Partial<ModelOptions> = {}): Promise<PipelineError & { cause: ModelFailure }> => {
    const error: unknown = await (await model(change)).complete(REQUEST, never).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PipelineError);
    return error as PipelineError & { cause: ModelFailure };
  };

  it('returns the parsed reply, the model that answered and the tokens it charged', async () => {
    answer = protocol.good;
    expect(await (await model()).complete(REQUEST, never)).toEqual({
      value: { verdict: 'pass' },
      model: protocol.answered,
      inputTokens: 120,
      outputTokens: 30,
    });
    expect(seen[0]?.path).toBe(protocol.path);
  });

  it('asks for the schema by its name, with the limit on output and the temperature', async () => {
    answer = protocol.good;
    await (await model()).complete(REQUEST, never);
    const body = seen[0]?.body ?? {};
    expect(body['temperature']).toBe(0.3);
    if (protocol.provider === 'openai') {
      expect(body['max_completion_tokens']).toBe(500);
      expect(body['response_format']).toEqual({
        type: 'json_schema',
        json_schema: { name: 'assay_verdict', strict: true, schema: SCHEMA },
      });
    } else {
      expect(body['max_tokens']).toBe(500);
      expect(body['tool_choice']).toMatchObject({ type: 'tool', name: 'assay_verdict' });
      expect(body['tools']).toMatchObject([{ name: 'assay_verdict', input_schema: SCHEMA }]);
    }
  });

  it('sends no temperature when the request has none', async () => {
    answer = protocol.good;
    const request: Partial<ModelRequest> = { ...REQUEST };
    delete (request as { temperature?: number }).temperature;
    await (await model()).complete(request as ModelRequest, never);
    expect(seen[0]?.body).not.toHaveProperty('temperature');
  });

  it('turns reasoning off for a model that reasons unless told not to', async () => {
    answer = protocol.good;
    await (await model({ leastReasoning: 'none' })).complete(REQUEST, never);
    if (protocol.provider === 'openai') expect(seen[0]?.body['reasoning_effort']).toBe('none');
    else expect(seen[0]?.body['thinking']).toEqual({ type: 'disabled' });
  });

  it('says the status once, and what to check, without the full stop of the provider between', async () => {
    answer = json(401, { error: { message: 'Incorrect API key provided: sk-very-secret-key.' } });
    const error = await failure();
    // The port of the server, which the message names too, may hold these digits.
    expect(error.message.match(/(?<!\d)401(?!\d)/g)).toHaveLength(1);
    expect(error.message).toMatch(/got HTTP 401, .*\*: check the key in models\.judge\.apiKey or the environment$/);
    expect(error.cause.brief).toBe('HTTP 401: check the key in models.judge.apiKey or the environment');
  });

  it.each([
    [400, 'MODEL_REFUSED'],
    [401, 'MODEL_REFUSED'],
    [403, 'MODEL_REFUSED'],
    [404, 'MODEL_REFUSED'],
    [408, 'MODEL_TIMEOUT'],
    [429, 'MODEL_THROTTLED'],
    [500, 'MODEL_UNREACHABLE'],
    [503, 'MODEL_UNREACHABLE'],
    [529, 'MODEL_UNREACHABLE'],
  ] as const)('answers HTTP %i with %s, after one request that nobody is charged for', async (status, code) => {
    answer = json(status, { error: { message: 'no', type: 'x' } });
    const error = await failure();
    expect(error.code).toBe(code);
    expect(error.cause.unbilled).toBe(true);
    expect(seen).toHaveLength(1);
  });

  it('passes on how long a throttling provider asks to be left alone', async () => {
    answer = json(429, { error: { message: 'slow down' } }, { 'retry-after': '7' });
    expect((await failure()).cause.retryAfterMs).toBe(7000);
  });

  it('never shows the key, even when the provider echoes it', async () => {
    answer = json(401, { error: { message: 'Incorrect API key provided: sk-very-secret-key.' } });
    const error = await failure();
    expect(error.message).not.toContain('very-secret');
    expect(JSON.stringify(error.cause)).not.toContain('very-secret');
    expect(error.message).toContain('check the key in models.judge.apiKey');
  });

  it('gives up a hanging call at its timeout, which may have been charged for', async () => {
    answer = () => undefined;
    const error = await failure({ timeoutMs: 50 });
    expect(error.code).toBe('MODEL_TIMEOUT');
    expect(error.cause.unbilled).toBeUndefined();
  });

  it('gives up a reply whose body never ends at the same timeout', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":');
    };
    expect((await failure({ timeoutMs: 100 })).code).toBe('MODEL_TIMEOUT');
  });

  it('says that nothing listens, and that nothing was charged', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const error = await failure({ baseUrl: `http://127.0.0.1:${port}` });
    expect(error.code).toBe('MODEL_UNREACHABLE');
    expect(error.cause.unbilled).toBe(true);
  });

  it('does not claim a connection that broke to be free', async () => {
    answer = (response) => {
      response.socket?.destroy();
    };
    const error = await failure();
    expect(error.code).toBe('MODEL_UNREACHABLE');
    expect(error.cause.unbilled).toBe(false);
  });

  it.each(['cut', 'refused', 'empty', 'notJson'] as const)(
    'calls a reply that is %s invalid, with what it cost',
    async (kind) => {
      answer = protocol[kind];
      const error = await failure();
      expect(error.code).toBe('MODEL_REPLY_INVALID');
      expect(error.cause).toMatchObject({ inputTokens: 120, outputTokens: 30 });
    },
  );

  it('calls a reply without token counts invalid, because it cannot be charged', async () => {
    answer = protocol.uncounted;
    expect((await failure()).code).toBe('MODEL_REPLY_INVALID');
  });

  it('takes counts that make no sense for none, so that the call is charged as reserved', async () => {
    for (const miscounted of protocol.miscounted) {
      answer = miscounted;
      const error = await failure();
      expect(error.code).toBe('MODEL_REPLY_INVALID');
      expect([error.cause.inputTokens, error.cause.outputTokens]).toEqual([undefined, undefined]);
    }
  });

  it('is named as it was asked for when the reply names no model', async () => {
    for (const named of [7, { id: 'x' }, null, undefined, ['gpt']]) {
      answer = protocol.from(named);
      expect((await (await model()).complete(REQUEST, never)).model).toBe(protocol.name);
    }
    answer = protocol.from('m'.repeat(100_000));
    expect((await (await model()).complete(REQUEST, never)).model).toHaveLength(256);
  });

  it.each([
    [
      'an HTML page',
      (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    ],
    ['an unrelated object', json(200, { ok: true })],
    ['null', json(200, null)],
    [
      'broken JSON',
      (response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a"'),
    ],
  ] as const)('calls %s with status 200 an invalid reply', async (_, garbage) => {
    answer = garbage;
    expect((await failure()).code).toBe('MODEL_REPLY_INVALID');
  });

  it('ends a call when its caller stops', async () => {
    const caller = new AbortController();
    answer = () => {
      caller.abort();
    };
    const made = await model();
    await expect(made.complete(REQUEST, caller.signal)).rejects.toThrow('Assay is stopping');
  });
});

describe('a quota that is used up', () => {
  it('is refused and not retried, although OpenAI answers 429', async () => {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        json(429, { error: { message: 'quota', code: 'insufficient_quota' } })(response);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const model = await createModel(
      {
        provider: 'openai',
        name: 'gpt-6-luna',
        baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
        apiKey: new Secret('k'),
        price: { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5, version: 'test' },
        parameters: { maxOutputTokens: 100 },
        timeoutMs: 5000,
      },
      { clock: systemClock },
    );
    await expect(model.complete(REQUEST, new AbortController().signal)).rejects.toMatchObject({
      code: 'MODEL_REFUSED',
    });
    server.closeAllConnections();
    server.close();
  });
});

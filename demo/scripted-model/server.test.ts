import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScriptedModel, type ScriptedModel } from './server.js';

let model: ScriptedModel;
let openai: OpenAI;
let anthropic: Anthropic;

beforeEach(async () => {
  model = createScriptedModel({ seed: 1, latencyMs: 0 });
  await model.start(new AbortController().signal);
  openai = new OpenAI({ apiKey: 'k', baseURL: `${model.url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: 'k', authToken: null, baseURL: model.url, maxRetries: 0 });
});

afterEach(() => model.stop(new AbortController().signal));

const ask = 'Order R-2000001: the teapot arrived broken. Could you return $48.20 to my card?';
const askOpenAi = (messages: OpenAI.ChatCompletionMessageParam[]) =>
  openai.chat.completions.create({ model: 'any', messages });
const wrong = (orders: object) => fetch(`${model.url}/misbehaviours`, { method: 'PUT', body: JSON.stringify(orders) });

/** The messages of a run up to the refund. */
const beforeRefund: OpenAI.ChatCompletionMessageParam[] = [
  { role: 'system', content: 'Help.' },
  { role: 'user', content: ask },
  {
    role: 'assistant',
    content: null,
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'look_up_order', arguments: '{"order_id":"R-2000001"}' } },
      { id: 'b', type: 'function', function: { name: 'check_refund_policy', arguments: '{"order_id":"R-2000001"}' } },
    ],
  },
  { role: 'tool', tool_call_id: 'a', content: '{"order_id":"R-2000001","item":"teapot"}' },
  { role: 'tool', tool_call_id: 'b', content: '{"eligible":true}' },
];

const refundArguments = async (): Promise<string> => {
  const call = (await askOpenAi(beforeRefund)).choices[0]?.message.tool_calls?.[0];
  return call?.type === 'function' ? call.function.arguments : '';
};

describe('the scripted model as an agent', () => {
  it('finds order and amount in the text and asks for one tool after the other over the OpenAI protocol', async () => {
    const first = await askOpenAi([{ role: 'user', content: ask }]);
    expect(first.choices[0]?.finish_reason).toBe('tool_calls');
    expect(first.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'look_up_order', arguments: '{"order_id":"R-2000001"}' },
    });
    expect(JSON.parse(await refundArguments())).toMatchObject({ order_id: 'R-2000001', amount: 48.2 });
    expect(first.usage?.prompt_tokens).toBeGreaterThan(20);
  });

  it('does the same over the Anthropic protocol', async () => {
    const message = await anthropic.messages.create({
      model: 'any',
      max_tokens: 100,
      messages: [{ role: 'user', content: ask }],
    });
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content[0]).toMatchObject({ name: 'look_up_order', input: { order_id: 'R-2000001' } });
  });

  it('repeats a call whose tool was briefly away, under a new id', async () => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'user', content: ask },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'look_up_order', arguments: '{"order_id":"R-2000001"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: '{"error":"temporarily_unavailable"}' },
    ];
    const call = (await askOpenAi(messages)).choices[0]?.message.tool_calls?.[0];
    expect(call).toMatchObject({ function: { name: 'look_up_order', arguments: '{"order_id":"R-2000001"}' } });
    expect(call?.id).not.toBe('a');
  });

  it('loses the end of the arguments on an order that was planned so, and on no other', async () => {
    await wrong({ 'R-2000001': 'cut_arguments', 'R-2000002': 'wrong_amount' });
    const text = await refundArguments();
    expect(text.startsWith('{"order_id":"R-2000001"')).toBe(true);
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  it('asks for less than the customer on an order that was planned so', async () => {
    await wrong({ 'R-2000001': 'wrong_amount' });
    const { amount } = JSON.parse(await refundArguments()) as { amount: number };
    expect(amount).toBeLessThan(48.2);
    expect(amount).toBeGreaterThan(0);
  });

  it('looks up an order twice in about 1 % of refunds, once more and no more', async () => {
    const next = async (orderId: string, lookUps: number): Promise<string> => {
      const calls = Array.from({ length: lookUps }, (_, index) => ({
        id: `c${index}`,
        type: 'function' as const,
        function: { name: 'look_up_order', arguments: JSON.stringify({ order_id: orderId }) },
      }));
      const results = calls.map(({ id }) => ({
        role: 'tool' as const,
        tool_call_id: id,
        content: '{"item":"teapot"}',
      }));
      const user = { role: 'user' as const, content: ask.replace('R-2000001', orderId) };
      const completion = await askOpenAi([user, { role: 'assistant', content: null, tool_calls: calls }, ...results]);
      const call = completion.choices[0]?.message.tool_calls?.[0];
      return call?.type === 'function' ? call.function.name : '';
    };
    const orders = Array.from({ length: 1_000 }, (_, index) => `R-${5_000_000 + index}`);
    const twice: string[] = [];
    for (const order of orders) if ((await next(order, 1)) === 'look_up_order') twice.push(order);
    expect(twice.length).toBeGreaterThan(2);
    expect(twice.length).toBeLessThan(25);
    for (const order of twice) expect(await next(order, 2)).toBe('check_refund_policy');
  });

  it('gives the same reply to the same request', async () => {
    expect(await askOpenAi(beforeRefund)).toEqual(await askOpenAi(beforeRefund));
  });
});

describe('the scripted model as a dependency that fails', () => {
  it('answers the status and the retry-after that a drill sets, to whom it is meant for', async () => {
    model.setFault({ status: 429, retryAfter: 3, only: 'agent' });
    const error = await askOpenAi([{ role: 'user', content: ask }]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect((error as InstanceType<typeof OpenAI.RateLimitError>).headers.get('retry-after')).toBe('3');
    model.setFault({ status: 500, only: 'judge' });
    await expect(askOpenAi([{ role: 'user', content: ask }])).resolves.toBeDefined();
  });

  it('answers garbage on demand', async () => {
    model.setFault({ garbage: true });
    const response = await fetch(`${model.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: ask }] }),
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<html>');
  });

  it('answers 404 elsewhere and 400 to a body that is no request', async () => {
    expect((await fetch(`${model.url}/v1/responses`, { method: 'POST', body: '{}' })).status).toBe(404);
    expect((await fetch(`${model.url}/v1/messages`, { method: 'POST', body: '{}' })).status).toBe(400);
    expect((await fetch(`${model.url}/v1/messages`, { method: 'POST', body: 'no json' })).status).toBe(400);
  });

  it('takes another port when the one it was given is in use', async () => {
    const port = Number(new URL(model.url).port);
    const second = createScriptedModel({ seed: 1, port });
    await second.start(new AbortController().signal);
    expect(second.url).not.toBe(model.url);
    await second.stop(new AbortController().signal);
  });
});

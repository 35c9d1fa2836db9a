import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { judgeReply } from './judge-reply.mjs';
import { ANTHROPIC, OPENAI_CHAT, OPENAI_RESPONSES } from './wires.mjs';

const WIRES = {
  '/v1/chat/completions': OPENAI_CHAT,
  '/v1/responses': OPENAI_RESPONSES,
  '/v1/messages': ANTHROPIC,
};

/**
 * A scripted model on loopback, not a real one: it asks for get_weather in Paris, and once it has been told the weather it
 * tells it. It also plays the judge. What it says of its tokens is the truth that readings are
 * held against.
 */
export async function startWeatherModel() {
  const calls = { agent: 0, judge: 0 };
  const server = createServer((request, response) => {
    answer(request, response, calls).catch((error) => {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: String(error) } }));
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    calls,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function answer(request, response, calls) {
  const body = await text(request);
  const wire = WIRES[(request.url ?? '').split('?')[0]];
  if (request.method !== 'POST' || wire === undefined) {
    response.writeHead(404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: `no ${request.method} ${request.url}` } }));
    return;
  }
  const parsed = JSON.parse(body);
  response.setHeader('request-id', 'req_fake');
  response.setHeader('x-request-id', 'req_fake');
  const verdict = judgeReply(parsed);
  if (verdict !== undefined) {
    calls.judge += 1;
    sendJson(response, verdict);
    return;
  }
  calls.agent += 1;
  const turn = wire.hasToolResult(parsed) ? 'answer' : 'call';
  if (parsed.stream === true) sendEvents(response, wire.stream(turn, parsed));
  else sendJson(response, wire.reply(turn));
}

function sendJson(response, value) {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

function sendEvents(response, events) {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const { event, data } of events) {
    if (event !== undefined) response.write(`event: ${event}\n`);
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  }
  response.end();
}

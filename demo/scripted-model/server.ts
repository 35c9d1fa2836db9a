import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Component } from '../../core/component.js';
import { contentHash } from '../../core/keyed-hash.js';
import { MISBEHAVIOURS, nextTurn, type Misbehaviour } from './agent-script.js';
import { parseAnthropicRequest, toAnthropicReply } from './anthropic-wire.js';
import type { Conversation, Turn } from './conversation.js';
import { evidenceKey, scriptedVerdict } from './judge-script.js';
import { parseOpenAiRequest, toOpenAiReply } from './openai-wire.js';

/** How the server is to fail, for drills. Left out: it does not. */
export interface ScriptedFault {
  /** Whom it hits; both when left out. */
  readonly only?: 'agent' | 'judge';
  /** Answered instead of 200. */
  readonly status?: number;
  /** Sent as `retry-after`, in seconds. */
  readonly retryAfter?: number;
  /** Waited before the answer, on top of the usual latency. */
  readonly latencyMs?: number;
  /** Answers 200 with text that is no JSON. */
  readonly garbage?: boolean;
}

export interface ScriptedModelOptions {
  /** Decides the judges' errors. */
  readonly seed: number;
  /** Loopback port to try first, so that a seeded run has the same address each time; any free one when it is taken. */
  readonly port?: number;
  readonly latencyMs?: number;
}

/** A model server on loopback that speaks the OpenAI and the Anthropic protocol. Known only once it has started. */
export interface ScriptedModel extends Component {
  /** Without a path, such as `http://127.0.0.1:41234`. The OpenAI protocol lies under `/v1`. */
  readonly url: string;
  readonly calls: { readonly agent: number; readonly judge: number };
  setFault(fault: ScriptedFault | undefined): void;
}

const PROTOCOLS = {
  '/v1/chat/completions': { parse: parseOpenAiRequest, toReply: toOpenAiReply },
  '/v1/messages': { parse: parseAnthropicRequest, toReply: toAnthropicReply },
} as const;

const misbehaviours = z.record(z.string(), z.enum(MISBEHAVIOURS));

/**
 * Plays the agents' model and the judges' model. Which orders go wrong is told over `PUT /misbehaviours` before the orders
 * are asked about, so no request to a model carries it; the judge's part never looks there.
 */
export function createScriptedModel(options: ScriptedModelOptions): ScriptedModel {
  const state: ServerState = { options, wrong: new Map(), votes: new Map(), calls: { agent: 0, judge: 0 } };
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    answer(request, response, state).catch((error: unknown) => {
      sendJson(response, 400, { error: { type: 'invalid_request_error', message: String(error) } });
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  return {
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    calls: state.calls,
    setFault(fault) {
      state.fault = fault;
    },
    async start() {
      await listen(options.port ?? 0).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        return listen(0);
      });
    },
    async stop() {
      if (!server.listening) return;
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface ServerState {
  readonly options: ScriptedModelOptions;
  readonly wrong: Map<string, Misbehaviour>;
  /** Calls so far on each evidence. */
  readonly votes: Map<string, number>;
  readonly calls: { agent: number; judge: number };
  fault?: ScriptedFault | undefined;
}

async function answer(request: IncomingMessage, response: ServerResponse, state: ServerState): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  if (request.method === 'PUT' && request.url === '/misbehaviours') {
    for (const [order, kind] of Object.entries(misbehaviours.parse(JSON.parse(body)))) state.wrong.set(order, kind);
    sendJson(response, 200, { orders: state.wrong.size });
    return;
  }
  const protocol = request.method === 'POST' ? protocolOf(request.url) : undefined;
  if (!protocol) {
    sendJson(response, 404, {
      error: { type: 'not_found_error', message: `no ${request.method ?? ''} ${request.url ?? ''}` },
    });
    return;
  }
  const conversation = protocol.parse(JSON.parse(body));
  state.calls[conversation.isJudge ? 'judge' : 'agent'] += 1;
  await pause(state, conversation);
  if (sendFault(response, state.fault, conversation)) return;
  const turn = conversation.isJudge
    ? judgeTurn(conversation, state)
    : nextTurn(conversation, (id) => state.wrong.get(id));
  const reply = protocol.toReply(turn, conversation, body);
  response.setHeader('request-id', `req_${contentHash('request', body).slice(0, 24)}`);
  sendJson(response, 200, reply);
}

function protocolOf(url = ''): (typeof PROTOCOLS)[keyof typeof PROTOCOLS] | undefined {
  const path = url.split('?')[0] ?? '';
  return Object.hasOwn(PROTOCOLS, path) ? PROTOCOLS[path as keyof typeof PROTOCOLS] : undefined;
}

function judgeTurn(conversation: Conversation, state: ServerState): Turn {
  const prompt = { system: conversation.system, user: conversation.messages.at(-1)?.text ?? '' };
  const key = evidenceKey(prompt);
  const vote = (state.votes.get(key) ?? 0) + 1;
  state.votes.set(key, vote);
  return { kind: 'verdict', value: { ...scriptedVerdict(prompt, vote, state.options.seed) } };
}

async function pause({ options, fault }: ServerState, conversation: Conversation): Promise<void> {
  const extraMs = hits(fault, conversation) ? (fault.latencyMs ?? 0) : 0;
  const latencyMs = (options.latencyMs ?? 3) + extraMs;
  if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
}

function hits(fault: ScriptedFault | undefined, conversation: Conversation): fault is ScriptedFault {
  return fault !== undefined && (fault.only === undefined || (fault.only === 'judge') === conversation.isJudge);
}

function sendFault(response: ServerResponse, fault: ScriptedFault | undefined, conversation: Conversation): boolean {
  if (!hits(fault, conversation)) return false;
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
  if (fault.status !== undefined) {
    sendJson(response, fault.status, { error: { type: 'scripted_fault', message: `scripted status ${fault.status}` } });
    return true;
  }
  if (fault.garbage !== true) return false;
  response.writeHead(200, { 'content-type': 'application/json' }).end('<html>not the JSON that you expected</html>');
  return true;
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
}

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { verdictReply } from '../../bench/verdict-reply.js';

/** What the scripted judge does with one request. */
export interface JudgeBehaviour {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Raw body in place of a verdict. */
  readonly body?: string;
  readonly latencyMs?: number;
  readonly verdict?: 'pass' | 'fail' | 'abstain';
  /** From the evidence; the request of an `agentRun` when it is left out. */
  readonly quote?: string;
}

/** A scripted judge behind the OpenAI wire protocol, on loopback. */
export interface JudgeServer {
  readonly baseUrl: string;
  readonly requests: () => number;
  behave(behaviour: (request: { readonly number: number; readonly prompt: string }) => JudgeBehaviour): void;
  close(): Promise<void>;
}

/** @param port - 0 for any free one */
export async function startJudgeServer(port = 0): Promise<JudgeServer> {
  let requests = 0;
  let behaviour: (request: { readonly number: number; readonly prompt: string }) => JudgeBehaviour = () => ({});
  const server = createServer((req, res) => void answer(req, res));
  // An idle connection that is closed while a request is on its way would be a failed call, and charged as reserved.
  server.keepAliveTimeout = 0;
  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const prompt = await text(req);
    requests += 1;
    const chosen = behaviour({ number: requests, prompt });
    if (chosen.latencyMs !== undefined) await new Promise((done) => setTimeout(done, chosen.latencyMs));
    res.writeHead(chosen.status ?? 200, { 'content-type': 'application/json', ...chosen.headers });
    res.end(chosen.body ?? verdictReply(prompt, chosen.verdict ?? 'pass', chosen.quote));
  }
  await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests: () => requests,
    behave(next) {
      behaviour = next;
    },
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => {
          done();
        });
      }),
  };
}

/** `assay up` options that point its judge at this server. */
export function judgeArgs(server: JudgeServer): readonly string[] {
  return [
    '--set',
    'models.judge.provider=openai',
    '--set',
    'models.judge.model=scripted-judge',
    '--set',
    `models.judge.baseUrl=${server.baseUrl}`,
    '--set',
    'models.judge.apiKey=test-key',
    '--set',
    'models.prices.scripted-judge={inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5}',
  ];
}

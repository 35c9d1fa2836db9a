import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import { transcodeJson } from '../../core/otlp/transcode-json.js';
import { packageRoot } from '../../core/package-root.js';
import type { Trajectory } from '../../core/trajectory.js';
import { readTrajectory } from '../../dialects/index.js';

export const DOMAINS = ['airline', 'retail'] as const;
export type Domain = (typeof DOMAINS)[number];

/** A recorded run of an agent, read as the product reads a trace, and whether the simulation rewarded it. */
export interface ReplayedRun {
  readonly trajectory: Trajectory;
  readonly success: boolean;
}

interface Message {
  readonly role: 'user' | 'assistant' | 'tool';
  readonly content: string | null;
  readonly name?: string;
  readonly tool_call_id?: string;
  readonly tool_calls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
}

interface RecordedRun {
  readonly id: string;
  readonly model: string | null;
  readonly success: boolean;
  readonly messages: readonly Message[];
}

/** Where the recorded runs lie. @returns undefined when they are not there */
export function runsFile(domain: Domain): string | undefined {
  const path = join(packageRoot(), '..', 'shared', 'data', 'tau-bench', `${domain}_dev.jsonl`);
  return existsSync(path) ? path : undefined;
}

/** Every run of a file: its messages become OTel GenAI spans, and these are decoded and read again. */
export function replayRuns(path: string, domain: Domain): readonly ReplayedRun[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const run = JSON.parse(line) as RecordedRun;
      const spans = decodeSpans(transcodeJson(JSON.stringify(toRequest(run, domain))));
      return { trajectory: readTrajectory(spans, { tenant: 'default' }), success: run.success };
    });
}

interface MadeSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function toRequest(run: RecordedRun, domain: Domain): object {
  const traceId = hashed(run.id, 32);
  const spans = [rootSpan(run), ...run.messages.flatMap((message, at) => stepSpan(message, run, at))];
  const made = spans.map((span, at) => ({
    ...{ traceId, spanId: hashed(`${run.id} ${at}`, 16), name: span.name, kind: 1 },
    ...(at === 0 ? {} : { parentSpanId: hashed(`${run.id} 0`, 16) }),
    startTimeUnixNano: String(1_000_000 * (at + 1)),
    endTimeUnixNano: String(1_000_000 * (at === 0 ? spans.length + 2 : at + 2)),
    attributes: attributes(span.attributes),
  }));
  const resource = { attributes: attributes({ 'service.name': `tau-${domain}` }) };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'tau-bench' }, spans: made }] }] };
}

function rootSpan({ messages }: RecordedRun): MadeSpan {
  const asked = messages.find(({ role }) => role === 'user');
  const answered = messages.findLast(({ role, content }) => role === 'assistant' && content !== null);
  return {
    name: 'invoke_agent',
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      ...(asked === undefined ? {} : { 'gen_ai.input.messages': JSON.stringify([toParts(asked)]) }),
      ...(answered === undefined ? {} : { 'gen_ai.output.messages': JSON.stringify([toParts(answered)]) }),
    },
  };
}

/** A message of the agent is a model call, one of a tool an execution; the user's are what the next call was given. */
function stepSpan(message: Message, { messages, model }: RecordedRun, at: number): readonly MadeSpan[] {
  if (message.role === 'user') return [];
  if (message.role === 'assistant') {
    const name = model ?? 'unrecorded';
    return [
      {
        name: `chat ${name}`,
        attributes: {
          ...{ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': name },
          'gen_ai.input.messages': JSON.stringify(messages.slice(0, at).map(toParts)),
          'gen_ai.output.messages': JSON.stringify([toParts(message)]),
        },
      },
    ];
  }
  const call = messages.flatMap(({ tool_calls: calls = [] }) => calls).find(({ id }) => id === message.tool_call_id);
  const name = message.name ?? call?.name ?? 'unnamed';
  return [
    {
      name: `execute_tool ${name}`,
      attributes: {
        ...{ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name },
        'gen_ai.tool.call.id': message.tool_call_id ?? '',
        'gen_ai.tool.call.arguments': call?.arguments ?? '',
        'gen_ai.tool.call.result': message.content ?? '',
      },
    },
  ];
}

function toParts({ role, content, tool_calls: calls = [], tool_call_id: id }: Message): object {
  if (role === 'tool') return { role, parts: [{ type: 'tool_call_response', id, response: content ?? '' }] };
  const text = content === null ? [] : [{ type: 'text', content }];
  const asked = calls.map((call) => ({ type: 'tool_call', id: call.id, name: call.name, arguments: call.arguments }));
  return { role, parts: [...text, ...asked] };
}

function attributes(values: Readonly<Record<string, string>>): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function hashed(text: string, digits: number): string {
  return createHash('md5').update(text).digest('hex').slice(0, digits);
}

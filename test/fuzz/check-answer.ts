import { WireReader } from '../../core/otlp/wire-reader.js';
import type { Input } from './input.js';
import type { Answer } from './send.js';

/** OK, INVALID_ARGUMENT, DEADLINE_EXCEEDED, NOT_FOUND, RESOURCE_EXHAUSTED, UNIMPLEMENTED, CANCELLED; UNAVAILABLE with RetryInfo. */
const GRPC_CODES = new Set([0, 1, 3, 4, 5, 8, 12]);
const UNAVAILABLE = 14;
const INTERNAL = 13;
/** What a 503 may be about when the disk has room. */
const STATED = /bytes are in flight|heap is nearly full/;

/** What an answer counts as in the summary, such as `200` or `INVALID_ARGUMENT`. */
export function labelOf(answer: Answer): string {
  if (answer.kind === 'http') return String(answer.status);
  if (answer.kind === 'grpc') return `grpc ${answer.code}`;
  if (answer.kind === 'socket') return `socket ${statusesOf(answer.text).join(',').slice(0, 11) || 'closed'}`;
  return answer.kind;
}

/** What is wrong with an answer, as one sentence; nothing when it is as it may be. */
export function problemOf(input: Input, answer: Answer): string | undefined {
  switch (answer.kind) {
    case 'late':
      return `expected an answer within ${answer.afterMs} ms, got none`;
    case 'failed':
      return `expected an answer, got ${answer.message}`;
    case 'socket':
      return socketProblem(answer.text);
    case 'grpc':
      return grpcProblem(input, answer);
    case 'http':
      return httpProblem(input, answer);
  }
}

function httpProblem(input: Input, { status, headers, body }: Extract<Answer, { kind: 'http' }>): string | undefined {
  if (input.isRight && status !== 200)
    return `expected 200 for a request that is right, got ${status}: ${body.toString()}`;
  if (status === 503) return unavailableProblem(headers['retry-after'], body.toString());
  if (status < 200 || status > 499) return `expected 2xx, 4xx or a stated 503, got ${status}: ${body.toString()}`;
  const type = headers['content-type'];
  const asked = encodingAsked(input);
  if (asked !== undefined && input.path.startsWith('/v1/') && type !== asked && status !== 204)
    return `expected an answer in ${asked}, got ${String(type)}`;
  return bodyProblem(type, status, body);
}

/** The encoding that the request surely names. */
function encodingAsked({ door, method, headers }: Input): string | undefined {
  const type = headers['content-type'];
  const names = type === 'application/json' || type === 'application/x-protobuf';
  return door === 'http' && method === 'POST' && names ? type : undefined;
}

function unavailableProblem(retryAfter: string | undefined, text: string): string | undefined {
  if (!/^\d+$/.test(retryAfter ?? '')) return 'expected a Retry-After with 503, got none';
  return STATED.test(text) ? undefined : `expected a 503 to say what is full, got ${text}`;
}

function bodyProblem(type: string | undefined, status: number, body: Buffer): string | undefined {
  if (body.length === 0) return undefined;
  try {
    if (type === 'application/json') checkJson(status, body);
    else if (type === 'application/x-protobuf') checkProtobuf(status, body);
    return undefined;
  } catch (error) {
    return `expected an answer that decodes, got ${body.toString('latin1').slice(0, 200)}: ${String(error)}`;
  }
}

function checkJson(status: number, body: Buffer): void {
  const { partialSuccess, code, message } = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>;
  if (status >= 400) {
    if (typeof code !== 'number' || typeof message !== 'string') throw new Error('expected a google.rpc.Status');
  } else if (partialSuccess !== undefined && !hasMessage(partialSuccess)) throw new Error('expected an errorMessage');
}

function hasMessage(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'errorMessage' in value && value.errorMessage !== '';
}

/** A Status, and the partial success inside an export response, are both a number and a text. */
function checkProtobuf(status: number, body: Buffer): void {
  const reader = new WireReader(body);
  if (status < 400) {
    if (!reader.next()) return;
    reader.expect(2);
    reader.enter();
  }
  let text = '';
  while (reader.next()) {
    if (reader.field === 1) reader.readVarint();
    else if (reader.field === 2) text = reader.expectString();
    else throw new Error(`expected field 1 or 2, got ${reader.field}`);
  }
  if (text === '') throw new Error('expected a message');
}

function grpcProblem(
  input: Input,
  { code, message, retries, body }: Extract<Answer, { kind: 'grpc' }>,
): string | undefined {
  if (input.isRight && code !== 0) return `expected OK for a request that is right, got ${code}: ${message}`;
  if (code === UNAVAILABLE) {
    if (!retries) return 'expected RetryInfo with UNAVAILABLE, got none';
    return STATED.test(message) ? undefined : `expected UNAVAILABLE to say what is full, got ${message}`;
  }
  // The library of gRPC says so itself, as gRPC's other implementations do.
  if (code === INTERNAL && message.startsWith('Invalid grpc-timeout')) return undefined;
  if (!GRPC_CODES.has(code)) return `expected a code that blames nobody else, got ${code}: ${message}`;
  if (code !== 0) return message === '' ? `expected a message with code ${code}, got none` : undefined;
  return bodyProblem('application/x-protobuf', 200, body);
}

function statusesOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|\n|\})HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status ?? '');
}

/** A connection whose bytes are no HTTP may be closed without a word. */
function socketProblem(text: string): string | undefined {
  const statuses = statusesOf(text);
  if (text !== '' && statuses.length === 0) return `expected HTTP, got ${text.slice(0, 200)}`;
  const bad = statuses.find((status) => status.startsWith('5') && status !== '503');
  if (bad !== undefined) return `expected 1xx, 2xx, 4xx or a stated 503, got ${bad}: ${text.slice(0, 300)}`;
  const stated = !statuses.includes('503') || (STATED.test(text) && /retry-after: \d/i.test(text));
  return stated ? undefined : `expected a 503 to say what is full and when to come again, got ${text.slice(0, 300)}`;
}

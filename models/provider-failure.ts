import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { PipelineError, type ErrorCode } from '../core/errors.js';
import type { ModelFailure } from '../core/model.js';
import { redactUrl } from '../core/redact-url.js';
import type { ModelOptions } from './model-options.js';

/** The cause of a failed call: what the provider said, with no key in it. */
export class ProviderFailure extends Error implements ModelFailure {
  override readonly name = 'ProviderFailure';
  readonly retryAfterMs?: number;
  readonly unbilled?: boolean;
  readonly brief?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;

  constructor(message: string, detail: ModelFailure = {}, options?: ErrorOptions) {
    super(message, options);
    Object.assign(this, detail);
  }
}

/** The part of both SDKs' `APIError` that we read. */
interface ApiError extends Error {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  readonly code?: string | null | undefined;
  readonly error?: unknown;
}

const NEVER_CONNECTED = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Turns what an SDK threw into the pipeline's own error, by HTTP status. */
export function toPipelineError(thrown: unknown, options: ModelOptions, nowMs: number): PipelineError {
  if (thrown instanceof PipelineError) return thrown;
  const error: ApiError = thrown instanceof Error ? thrown : new Error(String(thrown));
  const where = `${options.provider} model ${options.name} at ${redactUrl(options.baseUrl)}`;
  if (error.status === undefined) {
    const code = connectionCode(error);
    const said = code ?? scrub(error.message, options);
    if (
      code === undefined &&
      !(error instanceof OpenAI.APIConnectionError || error instanceof Anthropic.APIConnectionError)
    ) {
      return invalidReply(options, `it could not be read: ${said}`, {});
    }
    const unbilled = NEVER_CONNECTED.has(code ?? '');
    return failed('MODEL_UNREACHABLE', `expected an answer of ${where}, the connection failed: ${said}`, {
      failure: { unbilled, brief: `the connection failed${code === undefined ? '' : ` (${code})`}` },
      error,
    });
  }
  const retryAfterMs = readRetryAfter(error.headers, nowMs);
  const advice = adviceOf(error.status);
  const brief = `HTTP ${error.status}${advice}`;
  const failure = { unbilled: true, brief, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  const said = `HTTP ${error.status}${wordsOf(error, options)}${advice}`;
  return failed(codeOf(error), `expected an answer of ${where}, got ${said}`, { failure, error });
}

/** A reply that was charged for and cannot be used. */
export function invalidReply(options: ModelOptions, why: string, usage: ModelFailure): PipelineError {
  const text = `expected a structured reply of ${options.provider} model ${options.name}, ${why}`;
  return new PipelineError('MODEL_REPLY_INVALID', text, { cause: new ProviderFailure(text, usage) });
}

function failed(
  code: ErrorCode,
  text: string,
  why: { readonly failure: ModelFailure; readonly error: ApiError },
): PipelineError {
  return new PipelineError(code, text, { cause: new ProviderFailure(text, why.failure, { cause: why.error.cause }) });
}

function codeOf(error: ApiError): ErrorCode {
  const status = error.status ?? 0;
  if (status === 429) return error.code === 'insufficient_quota' ? 'MODEL_REFUSED' : 'MODEL_THROTTLED';
  if (status === 408) return 'MODEL_TIMEOUT';
  if (status === 409 || status >= 500) return 'MODEL_UNREACHABLE';
  return 'MODEL_REFUSED';
}

/** What the provider said beside the status, which both SDKs put in front of it. */
function wordsOf(error: ApiError, options: ModelOptions): string {
  const said = scrub(innerMessage(error.error) ?? error.message, options)
    .replace(new RegExp(`^${error.status}\\b\\s*`), '')
    .replace(/[.:;\s]+$/, '');
  return said === '' ? '' : `, ${said}`;
}

/** Anthropic's SDK gives the whole body as its message; the sentence is within. */
function innerMessage(body: unknown): string | undefined {
  const inner = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
  const message = typeof inner === 'object' && inner !== null && 'message' in inner ? inner.message : undefined;
  return typeof message === 'string' ? message : undefined;
}

function adviceOf(status: number): string {
  if (status === 401 || status === 403) return ': check the key in models.judge.apiKey or the environment';
  if (status === 404) return ': check models.judge.model and models.judge.baseUrl';
  return '';
}

function connectionCode(error: Error): string | undefined {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return undefined;
}

/** At most 200 characters of what the provider said, without the key that some of them echo. */
function scrub(message: string, options: ModelOptions): string {
  const hidden = message.replaceAll(options.apiKey.reveal(), '********').replace(/\b(sk|key)-[\w*-]{6,}/g, '********');
  return hidden.replace(/\s+/g, ' ').slice(0, 200);
}

/** `Retry-After` in seconds or as a date, or `retry-after-ms`; in ms, at least 0. */
export function readRetryAfter(headers: Headers | undefined, nowMs: number): number | undefined {
  const exact = Number(headers?.get('retry-after-ms') ?? NaN);
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const value = headers?.get('retry-after');
  if (value === null || value === undefined || value === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

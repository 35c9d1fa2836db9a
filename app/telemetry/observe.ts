import { PipelineError } from '../../core/errors.js';
import type { Log, LogRecord } from '../../core/log.js';
import type { Model, ModelFailure, ModelRequest } from '../../core/model.js';
import type { Fetch } from '../../publisher/index.js';
import type { OwnAttributes, OwnFailure, OwnSpans } from './own-spans.js';

/**
 * The same model, each call in a `chat` span. @see OpenTelemetry conventions for generative AI, client inference span
 *
 * No own span may arise from spans that arrive, or Assay's own would make the next: a call is made for a selected trace only.
 */
export function observeModel(model: Model, spans: OwnSpans): Model {
  const { provider, name, baseUrl, price, parameters } = model;
  return {
    ...{ provider, name, baseUrl, price, parameters },
    complete: (request, signal) =>
      spans.record(
        { name: `chat ${name}`, kind: 'client', attributes: requestAttributes(model, request) },
        async (note) => {
          const reply = await model.complete(request, signal);
          note({ 'gen_ai.response.model': reply.model, ...usage(reply.inputTokens, reply.outputTokens) });
          return reply;
        },
        explainCall,
      ),
  };
}

function requestAttributes(model: Model, { temperature, maxOutputTokens }: ModelRequest): OwnAttributes {
  return {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': model.provider,
    'gen_ai.request.model': model.name,
    'gen_ai.request.max_tokens': maxOutputTokens,
    ...(temperature === undefined ? {} : { 'gen_ai.request.temperature': temperature }),
    'gen_ai.output.type': 'json',
    ...serverAttributes(model.baseUrl),
  };
}

function usage(inputTokens: number, outputTokens: number): OwnAttributes {
  return { 'gen_ai.usage.input_tokens': inputTokens, 'gen_ai.usage.output_tokens': outputTokens };
}

/** Only what has no word of the provider's, which may repeat the request. */
function explainCall(error: unknown): OwnFailure {
  if (!(error instanceof PipelineError)) return { type: 'unexpected' };
  const { brief, inputTokens, outputTokens } = (error.cause ?? {}) as ModelFailure;
  return {
    type: error.code,
    ...(brief === undefined ? {} : { message: brief }),
    ...(inputTokens === undefined || outputTokens === undefined
      ? {}
      : { attributes: usage(inputTokens, outputTokens) }),
  };
}

/** The same log, each append that hands traces on to a judge in a span. */
export function observeLog(log: Log, spans: OwnSpans): Log {
  return {
    start: (signal) => log.start(signal),
    stop: (signal) => log.stop(signal),
    append(records) {
      const judgements = countOf(records);
      if (judgements === 0) return log.append(records);
      const attributes = {
        'messaging.operation.name': 'send',
        'messaging.destination.name': 'judgements',
        'messaging.batch.message_count': judgements,
      };
      return spans.record({ name: 'send judgements', kind: 'internal', attributes }, () => log.append(records));
    },
    reader: (topic, group) => log.reader(topic, group),
    readers: (topics, group) => log.readers(topics, group),
    endOffsets: (topic) => log.endOffsets(topic),
    lag: (topic, group) => log.lag(topic, group),
    erase: (keys, erases) => log.erase(keys, erases),
  };
}

function countOf(records: readonly LogRecord[]): number {
  return records.filter(({ topic }) => topic === 'judgements').length;
}

/** The same network, each request that carries verdicts out in a span. */
export function observeFetch(fetch: Fetch, spans: OwnSpans): Fetch {
  return (url, init) =>
    spans.record(
      {
        name: 'publish verdicts',
        kind: 'client',
        attributes: { 'http.request.method': 'POST', ...serverAttributes(url) },
      },
      async (note) => {
        const response = await fetch(url, init);
        const { status } = response;
        note({
          'http.response.status_code': status,
          ...(response.ok ? {} : { 'error.type': String(status) }),
        });
        return response;
      },
    );
}

function serverAttributes(url: string): OwnAttributes {
  const { protocol, hostname, port } = new URL(url);
  const implied = protocol === 'https:' ? 443 : 80;
  return {
    'server.address': hostname.replace(/^\[|\]$/g, ''),
    'server.port': port === '' ? implied : Number(port),
  };
}

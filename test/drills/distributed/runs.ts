import { gzipSync } from 'node:zlib';
import { agentRun, type RunShape } from '../../../bench/agent-run.js';
import { transcodeJson } from '../../../core/otlp/transcode-json.js';
import type { Form } from '../../soak/transport.js';

/** A span as OTLP/JSON. */
export interface RunSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
}

/** Spans of one run that go in one request. */
export interface SpanGroup {
  readonly resource: object;
  readonly scope: object;
  readonly spans: readonly RunSpan[];
}

interface RunBody {
  readonly resourceSpans: readonly [
    {
      readonly resource: object;
      readonly scopeSpans: readonly [{ readonly scope: object; readonly spans: readonly RunSpan[] }];
    },
  ];
}

/** All spans of a run: the first is its root, the others its children. */
export function spansOfRun(shape: RunShape): SpanGroup {
  const [{ resource, scopeSpans }] = (agentRun(shape) as RunBody).resourceSpans;
  const [{ scope, spans }] = scopeSpans;
  return { resource, scope, spans };
}

export function keysOf(groups: readonly SpanGroup[]): readonly string[] {
  return groups.flatMap(({ spans }) => spans.map(({ traceId, spanId }) => `${traceId}/${spanId}`));
}

export function encode(groups: readonly SpanGroup[], form: Form): Buffer {
  const resourceSpans = groups.map(({ resource, scope, spans }) => ({ resource, scopeSpans: [{ scope, spans }] }));
  const json = Buffer.from(JSON.stringify({ resourceSpans }));
  if (form === 'json') return json;
  const protobuf = Buffer.from(transcodeJson(json));
  return form === 'gzip' ? gzipSync(protobuf) : protobuf;
}

import { bench, describe } from 'vitest';
import { decodeSpans } from './decode-spans.js';
import { encodeLogs } from './logs.test-support.js';
import { splitByTrace } from './split-by-trace.js';
import { splitLogsByTrace } from './split-logs-by-trace.js';
import { encodeRequest, type SpanModel } from './testing.test-support.js';
import { transcodeJson } from './transcode-json.js';

const SPANS = 512;

/** 512 spans of 1.7 KB with 20 attributes, in 64 traces, as an agent's exporter batches them. */
const spans = Array.from({ length: SPANS }, (_, index): SpanModel => {
  const attributes: Record<string, string | number> = {
    'gen_ai.input.messages': `[{"role":"user","content":"${'text '.repeat(180)}"}]`,
  };
  for (let n = 0; n < 19; n++) attributes[`gen_ai.attribute.${n}`] = n % 3 === 0 ? n * 1000 : `value ${index} ${n}`;
  return {
    traceId: ((index >> 3) + 1).toString(16).padStart(32, 'a'),
    spanId: (index + 1).toString(16).padStart(16, '0'),
    parentSpanId: 'ffffffffffffffff',
    name: 'chat gpt-4o-mini',
    kind: 3,
    startNs: 1795227654413000000n,
    endNs: 1795227654477958847n,
    attributes,
  };
});
const bytes = encodeRequest([
  { resource: { 'service.name': 'agent', 'service.version': '1.0' }, scopes: [{ name: 'scope', spans }] },
]);
const json = JSON.stringify({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'agent' } }] },
      scopeSpans: [
        {
          spans: spans.map(({ attributes = {}, startNs, endNs, ...span }) => ({
            ...span,
            startTimeUnixNano: String(startNs),
            endTimeUnixNano: String(endNs),
            attributes: Object.entries(attributes).map(([key, value]) => ({
              key,
              value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
            })),
          })),
        },
      ],
    },
  ],
});

/** 512 records, half of them an application's own lines, half message events with the name in an attribute. */
const logs = encodeLogs(
  ...spans.map(({ traceId, spanId }, index) => ({
    traceId,
    spanId,
    timeNs: 1795227654413000000n,
    severityNumber: 9,
    body: { content: 'text '.repeat(180) },
    attributes: {
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'event.name': index % 2 === 0 ? 'gen_ai.user.message' : 'http.request',
    },
  })),
);

describe(`OTLP, ${SPANS} spans a run, ${Math.round(bytes.length / 1024)} KiB in protobuf`, () => {
  bench('split by trace', () => {
    splitByTrace(bytes, { tenant: 'default' });
  });
  bench('split logs by trace', () => {
    splitLogsByTrace(logs, { tenant: 'default' });
  });
  bench('decode, headers only', () => {
    decodeSpans(bytes);
  });
  bench('decode, all attributes', () => {
    for (const span of decodeSpans(bytes)) if (span.attributes.size === 0) throw new Error('expected attributes');
  });
  bench('JSON to protobuf', () => {
    transcodeJson(json);
  });
  bench('JSON.parse, for comparison', () => {
    JSON.parse(json);
  });
});

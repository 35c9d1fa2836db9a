import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as OTLP/JSON carries it, as far as tests look at it. */
export interface SinkSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly scope: string;
  readonly release: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly statusCode: number;
  readonly statusMessage: string;
}

/** Takes OTLP/JSON traces on loopback and keeps them: what a receiver would get, for tests. */
export interface OtlpSink {
  readonly url: string;
  readonly spans: readonly SinkSpan[];
  /** Request bodies as they came. */
  readonly bodies: readonly string[];
  close(): Promise<void>;
}

interface WireValue {
  readonly stringValue?: string;
  readonly intValue?: number | string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly WireValue[] };
}
type WireAttributes = readonly { readonly key: string; readonly value: WireValue }[];
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes?: WireAttributes;
  readonly status?: { readonly code?: number; readonly message?: string };
}
interface WireRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: WireAttributes };
    readonly scopeSpans?: readonly {
      readonly scope?: { readonly name?: string };
      readonly spans?: readonly WireSpan[];
    }[];
  }[];
}

/** @param refuse - how many requests are answered 503 before the first is taken */
export async function openOtlpSink(refuse = 0): Promise<OtlpSink> {
  const bodies: string[] = [];
  const spans: SinkSpan[] = [];
  let left = refuse;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (left > 0) {
        left -= 1;
        response.writeHead(503, { 'retry-after': '0' }).end();
        return;
      }
      const body = Buffer.concat(chunks).toString('utf8');
      bodies.push(body);
      spans.push(...readSpans(JSON.parse(body) as WireRequest));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bodies,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function readSpans(request: WireRequest): readonly SinkSpan[] {
  return (request.resourceSpans ?? []).flatMap((resourceSpans) =>
    (resourceSpans.scopeSpans ?? []).flatMap(({ scope, spans }) =>
      (spans ?? []).map(({ status, ...span }) => ({
        ...span,
        scope: scope?.name ?? '',
        release: String(readAttributes(resourceSpans.resource?.attributes)['service.version']),
        attributes: readAttributes(span.attributes),
        statusCode: status?.code ?? 0,
        statusMessage: status?.message ?? '',
      })),
    ),
  );
}

function readAttributes(attributes: WireAttributes = []): Readonly<Record<string, unknown>> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, readValue(value)]));
}

function readValue(value: WireValue): unknown {
  return value.arrayValue
    ? (value.arrayValue.values ?? []).map((item) => readValue(item))
    : (value.stringValue ?? value.intValue ?? value.doubleValue ?? value.boolValue ?? null);
}

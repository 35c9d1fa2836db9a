import { randomBytes } from 'node:crypto';
import { OWN_ATTRIBUTE } from '../../core/own-spans.js';

/** A model call as an agent's instrumentation sends it, marked as Assay's own so that it enters no rate and is never judged. */
export interface TestSpan {
  readonly traceId: string;
  /** OTLP/JSON. */
  readonly body: string;
}

/** One `chat` span of the OpenTelemetry GenAI conventions that begins and ends now. */
export function makeTestSpan(nowMs: number): TestSpan {
  const traceId = randomBytes(16).toString('hex');
  const message = (role: string, content: string): object => ({ role, parts: [{ type: 'text', content }] });
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name: 'chat doctor-test',
    kind: 3,
    startTimeUnixNano: `${nowMs - 20}000000`,
    endTimeUnixNano: `${nowMs}000000`,
    attributes: [
      text('gen_ai.operation.name', 'chat'),
      text('gen_ai.provider.name', 'assay'),
      text('gen_ai.request.model', 'doctor-test'),
      { key: 'gen_ai.usage.input_tokens', value: { intValue: '9' } },
      { key: 'gen_ai.usage.output_tokens', value: { intValue: '3' } },
      text('gen_ai.input.messages', JSON.stringify([message('user', 'Does a span get through?')])),
      text('gen_ai.output.messages', JSON.stringify([{ ...message('assistant', 'Yes.'), finish_reason: 'stop' }])),
    ],
  };
  const names = [text('service.name', 'assay-doctor'), text('service.version', '1.0.0'), text(OWN_ATTRIBUTE, 'true')];
  const resource = { attributes: names };
  const request = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'assay-doctor' }, spans: [span] }] }] };
  return { traceId, body: JSON.stringify(request) };
}

/**
 * Sends it as an exporter would.
 * @throws {Error} one sentence, when it was not accepted
 */
export async function sendTestSpan(url: string, { body }: TestSpan): Promise<void> {
  const response = await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(10_000),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`expected ${url}/v1/traces to accept a span, got ${response.status}: ${answer}`);
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}

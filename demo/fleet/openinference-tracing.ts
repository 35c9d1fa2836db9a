import { SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { endedAfter } from './ended-after.js';
import type { AgentTracing } from './tracing.js';
import { AGENT_NAME } from './tools.js';

const JSON_TYPE = 'application/json';
const TEXT_TYPE = 'text/plain';

/** OpenInference: the agent and its tools here, each model call by the instrumentation of the OpenAI client. */
export function createOpenInferenceTracing(tracer: Tracer): AgentTracing {
  return {
    run: (request, work) => {
      const attributes = {
        'openinference.span.kind': 'AGENT',
        'agent.name': AGENT_NAME,
        'input.value': request.text,
        'input.mime_type': TEXT_TYPE,
        'session.id': request.sessionId,
        'user.id': request.customer.id,
      };
      return tracer.startActiveSpan(AGENT_NAME, { attributes }, (span) =>
        endedAfter(span, work, (answer) => {
          span.setAttributes({ 'output.value': answer, 'output.mime_type': TEXT_TYPE });
          span.setStatus({ code: SpanStatusCode.OK });
        }),
      );
    },
    model: (_, work) => work(),
    tool: (call, work) => {
      const attributes = {
        'openinference.span.kind': 'TOOL',
        'tool.name': call.name,
        'tool.id': call.id,
        'input.value': call.arguments,
        'input.mime_type': JSON_TYPE,
      };
      return tracer.startActiveSpan(call.name, { attributes }, (span) => {
        const answer = work();
        span.setAttributes({ 'output.value': JSON.stringify(answer), 'output.mime_type': JSON_TYPE });
        const failed = typeof answer['error'] === 'string';
        span.setStatus(
          failed ? { code: SpanStatusCode.ERROR, message: String(answer['message']) } : { code: SpanStatusCode.OK },
        );
        span.end();
        return answer;
      });
    },
  };
}

import type { IncomingMessage } from 'node:http';
import { exportAnswer, refusalAnswer, type Answer } from './answer.js';
import type { Auth } from './auth.js';
import { answerEncoding, bodyEncoding, declaredBytes, isGzip } from './headers.js';
import { readBody } from './read-body.js';
import type { Receiver } from './receive.js';
import type { Signal } from './signals.js';

export interface HttpExportDeps {
  readonly auth: Auth;
  readonly receiver: Receiver;
  /** Whether text/plain is taken for JSON. */
  readonly acceptTextPlain: boolean;
}

/** Handles `POST` of one signal. Who may not send is told so before a byte of the body is read. */
export function createHttpExport(
  signal: Signal,
  { auth, receiver, acceptTextPlain }: HttpExportDeps,
): (request: IncomingMessage) => Promise<Answer> {
  return async (request) => {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    const tenant = auth.admit({ authorization, apiKey: [apiKey].flat()[0] }, signal.name);
    if ('refusal' in tenant) return refusalAnswer(answerEncoding(request), tenant.refusal);
    const encoding = bodyEncoding(request, acceptTextPlain);
    if ('refusal' in encoding) return refusalAnswer('application/json', encoding.refusal);
    const gzip = isGzip(request);
    if ('refusal' in gzip) return refusalAnswer(encoding.value, gzip.refusal);
    const body = {
      source: request,
      gzip: gzip.value,
      declaredBytes: declaredBytes(request),
      isWhole: () => request.complete,
    };
    const hold = receiver.hold();
    try {
      const received = await receiver.receive({
        signal,
        encoding: encoding.value,
        tenant: tenant.value,
        hold,
        declaredBytes: body.declaredBytes,
        read: (limits) => readBody(body, limits),
      });
      return 'refusal' in received
        ? refusalAnswer(encoding.value, received.refusal)
        : exportAnswer(encoding.value, received.value);
    } finally {
      hold.release();
    }
  };
}

import { brief } from '../core/post.js';
import { WIRE, WireReader } from '../core/otlp/wire-reader.js';

/** What a receiver says beside its status. */
export interface AnswerBody {
  /** Records that it did not take although it answered 2xx. */
  readonly rejected: number;
  /** Its words, cut short; possibly empty. */
  readonly message: string;
}

/**
 * The partial success of a 2xx answer. One that cannot be read is a full success: the status has said so.
 * @see opentelemetry-proto 1.9.0, collector/logs/v1/logs_service.proto
 */
export function readPartialSuccess(contentType: string, body: Buffer): AnswerBody {
  try {
    return isJson(contentType) ? jsonPartialSuccess(body) : protobufPartialSuccess(body);
  } catch {
    return { rejected: 0, message: '' };
  }
}

/** The message of a `google.rpc.Status`, else the text as it is. */
export function readRefusal(contentType: string, body: Buffer): string {
  try {
    if (isProtobuf(contentType)) return brief(protobufString(new WireReader(body), 2));
    if (isJson(contentType)) {
      const { message } = JSON.parse(body.toString()) as { readonly message?: unknown };
      if (typeof message === 'string') return brief(message);
    }
  } catch {
    if (isProtobuf(contentType)) return '';
  }
  return brief(body.toString());
}

function jsonPartialSuccess(body: Buffer): AnswerBody {
  const { partialSuccess } = JSON.parse(body.toString()) as {
    readonly partialSuccess?: { readonly rejectedLogRecords?: unknown; readonly errorMessage?: unknown };
  };
  const { rejectedLogRecords, errorMessage } = partialSuccess ?? {};
  return toAnswer(rejectedLogRecords, errorMessage);
}

function protobufPartialSuccess(body: Buffer): AnswerBody {
  const reader = new WireReader(body);
  let answer: AnswerBody = { rejected: 0, message: '' };
  while (reader.next()) {
    if (reader.field === 1 && reader.wireType === WIRE.bytes) answer = readMessage(reader);
    else reader.skip();
  }
  return answer;
}

function readMessage(reader: WireReader): AnswerBody {
  const outer = reader.enter();
  let rejected: unknown;
  let message: unknown;
  while (reader.next()) {
    if (reader.field === 1 && reader.wireType === WIRE.varint) rejected = reader.int64();
    else if (reader.field === 2 && reader.wireType === WIRE.bytes) message = reader.string();
    else reader.skip();
  }
  reader.leave(outer);
  return toAnswer(rejected, message);
}

function protobufString(reader: WireReader, field: number): string {
  let found = '';
  while (reader.next()) {
    if (reader.field === field && reader.wireType === WIRE.bytes) found = reader.string();
    else reader.skip();
  }
  return found;
}

function toAnswer(rejected: unknown, message: unknown): AnswerBody {
  const count = Number(rejected ?? 0);
  return {
    rejected: Number.isSafeInteger(count) && count > 0 ? count : 0,
    message: typeof message === 'string' ? brief(message) : '',
  };
}

function isJson(contentType: string): boolean {
  return /^application\/(\S+\+)?json\b/i.test(contentType.trim());
}

function isProtobuf(contentType: string): boolean {
  return /protobuf/i.test(contentType);
}

import type { AttributeValue } from '../attributes.js';
import type { LogEvent } from '../log-event.js';
import { type AttributeModel, writeAttributes, writeMessage, writeText, writeValue } from './testing.test-support.js';
import { WireWriter } from './wire-writer.js';

/** A log record to be encoded. */
export interface LogModel {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly timeNs?: bigint;
  readonly observedNs?: bigint;
  readonly severityNumber?: number;
  readonly severityText?: string;
  readonly eventName?: string;
  readonly body?: AttributeValue;
  readonly attributes?: AttributeModel;
}

/** A logs request to be encoded. */
export type LogsRequestModel = readonly {
  readonly resource?: AttributeModel;
  readonly schemaUrl?: string;
  readonly scopes: readonly {
    readonly name?: string;
    readonly version?: string;
    readonly schemaUrl?: string;
    readonly logs: readonly LogModel[];
  }[];
}[];

/** Encodes an `ExportLogsServiceRequest`. For tests. */
export function encodeLogsRequest(request: LogsRequestModel): Uint8Array {
  const writer = new WireWriter();
  for (const group of request) {
    writeMessage(writer, 1, () => {
      writeMessage(writer, 1, () => {
        writeAttributes(writer, 1, group.resource);
      });
      for (const scope of group.scopes) {
        writeMessage(writer, 2, () => {
          writeMessage(writer, 1, () => {
            writeText(writer, 1, scope.name);
            writeText(writer, 2, scope.version);
          });
          for (const log of scope.logs)
            writeMessage(writer, 2, () => {
              writeLog(writer, log);
            });
          writeText(writer, 3, scope.schemaUrl);
        });
      }
      writeText(writer, 3, group.schemaUrl);
    });
  }
  return writer.finish();
}

/** A request with these records of one scope. */
export function encodeLogs(...logs: readonly LogModel[]): Uint8Array {
  return encodeLogsRequest([{ resource: { 'service.name': 'agent' }, scopes: [{ name: 's', logs }] }]);
}

function writeLog(writer: WireWriter, log: LogModel): void {
  if (log.timeNs !== undefined) writer.fixed64(1, log.timeNs);
  if (log.severityNumber !== undefined) writer.int32(2, log.severityNumber);
  writeText(writer, 3, log.severityText);
  const { body } = log;
  if (body !== undefined)
    writeMessage(writer, 5, () => {
      writeValue(writer, body);
    });
  writeAttributes(writer, 6, log.attributes);
  if (log.traceId !== undefined) writer.bytes(9, Buffer.from(log.traceId, 'hex'));
  if (log.spanId !== undefined) writer.bytes(10, Buffer.from(log.spanId, 'hex'));
  if (log.observedNs !== undefined) writer.fixed64(11, log.observedNs);
  writeText(writer, 12, log.eventName);
}

/** A log event as plain values, so that two can be compared whatever they were read from. For tests. */
export function toPlainLog(log: LogEvent): Record<string, unknown> {
  const { traceId, spanId, timeNs, severityNumber, severityText, name, body, scopeName, scopeVersion } = log;
  return {
    ...{ traceId, spanId, timeNs, severityNumber, severityText, name, body, scopeName, scopeVersion },
    attributes: [...log.attributes],
    resource: [...log.resource],
  };
}

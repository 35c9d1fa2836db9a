import { WireWriter } from '../core/otlp/wire-writer.js';
import { OWN_ATTRIBUTE } from '../core/own-spans.js';
import type { Verdict } from '../core/verdict.js';

/** The event's name in the conventions for generative AI. */
export const EVALUATION_EVENT = 'gen_ai.evaluation.result';

const SEVERITY_INFO = 9;
const BYTES_EACH = 1_024;

/** Field numbers. @see opentelemetry-proto 1.9.0, logs/v1/logs.proto, common/v1/common.proto, resource/v1/resource.proto */
const FIELD = {
  request: { resourceLogs: 1 },
  resourceLogs: { resource: 1, scopeLogs: 2 },
  resource: { attributes: 1 },
  scopeLogs: { scope: 1, logRecords: 2 },
  scope: { name: 1, version: 2 },
  logRecord: {
    timeUnixNano: 1,
    severityNumber: 2,
    severityText: 3,
    attributes: 6,
    traceId: 9,
    spanId: 10,
    observedTimeUnixNano: 11,
    eventName: 12,
  },
  keyValue: { key: 1, value: 2 },
  anyValue: { string: 1, bool: 2, int: 3, double: 4 },
} as const;

/** A number is a double, a bigint an integer; what is undefined is left out. */
type Attribute = readonly [key: string, value: string | boolean | number | bigint | undefined];

/**
 * Verdicts as an OTLP `ExportLogsServiceRequest` in protobuf: one event each, about the judged span, below the resource of
 * the judged service, which carries the mark of what is Assay's own.
 *
 * @param version - of Assay, for the scope
 */
export function encodeVerdicts(verdicts: readonly Verdict[], version: string): Uint8Array {
  const writer = new WireWriter(BYTES_EACH * verdicts.length);
  for (const group of byResource(verdicts)) {
    const resourceLogs = writer.open(FIELD.request.resourceLogs);
    writeResource(writer, group[0]!);
    const scopeLogs = writer.open(FIELD.resourceLogs.scopeLogs);
    const scope = writer.open(FIELD.scopeLogs.scope);
    writer.string(FIELD.scope.name, 'assay');
    writer.string(FIELD.scope.version, version);
    writer.close(scope);
    for (const verdict of group) writeRecord(writer, verdict);
    writer.close(scopeLogs);
    writer.close(resourceLogs);
  }
  return writer.finish();
}

function byResource(verdicts: readonly Verdict[]): Iterable<readonly Verdict[]> {
  const groups = new Map<string, Verdict[]>();
  for (const verdict of verdicts) {
    const key = JSON.stringify([verdict.service, verdict.release]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [verdict]);
    else group.push(verdict);
  }
  return groups.values();
}

function writeResource(writer: WireWriter, { service, release }: Verdict): void {
  const resource = writer.open(FIELD.resourceLogs.resource);
  writeAttributes(writer, FIELD.resource.attributes, [
    ['service.name', service],
    ['service.version', present(release)],
    [OWN_ATTRIBUTE, true],
  ]);
  writer.close(resource);
}

function writeRecord(writer: WireWriter, verdict: Verdict): void {
  const timeNs = BigInt(verdict.judgedAtMs) * 1_000_000n;
  const { logRecord } = FIELD;
  const record = writer.open(FIELD.scopeLogs.logRecords);
  writer.fixed64(logRecord.timeUnixNano, timeNs);
  writer.uint32(logRecord.severityNumber, SEVERITY_INFO);
  writer.string(logRecord.severityText, 'INFO');
  writeAttributes(writer, logRecord.attributes, attributesOf(verdict));
  writer.bytes(logRecord.traceId, Buffer.from(verdict.traceId, 'hex'));
  if (verdict.spanId !== '') writer.bytes(logRecord.spanId, Buffer.from(verdict.spanId, 'hex'));
  writer.fixed64(logRecord.observedTimeUnixNano, timeNs);
  writer.string(logRecord.eventName, EVALUATION_EVENT);
  writer.close(record);
}

function attributesOf(verdict: Verdict): readonly Attribute[] {
  const { outcome } = verdict;
  return [
    // Receivers from before the field `event_name` know the event by this alone.
    ['event.name', EVALUATION_EVENT],
    ['gen_ai.evaluation.name', verdict.criterion],
    ['gen_ai.evaluation.score.label', outcome],
    ['gen_ai.evaluation.score.value', outcome === 'pass' ? 1 : outcome === 'fail' ? 0 : undefined],
    ['gen_ai.evaluation.explanation', present(verdict.explanation) ?? present(verdict.reason)],
    ['error.type', outcome === 'error' ? 'judge_error' : undefined],
    ['assay.eval_id', verdict.evalId],
    ['assay.trace_version', BigInt(verdict.version)],
    ['assay.judge.provider', present(verdict.provider)],
    ['assay.judge.model', present(verdict.model)],
    ['assay.judge.hash', verdict.judgeHash],
    ['assay.rubric.version', verdict.rubricVersion],
    ['assay.confidence', verdict.confidence],
    ['assay.inclusion_probability', verdict.pi],
    ['assay.stratum', verdict.stratum],
    ['assay.from_cache', verdict.fromCache],
    ['assay.audit', verdict.audit],
    ['assay.by_hand', verdict.byHand],
    ['assay.disputed', verdict.disputed],
  ];
}

function present(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function writeAttributes(writer: WireWriter, field: number, attributes: readonly Attribute[]): void {
  const { anyValue } = FIELD;
  for (const [key, value] of attributes) {
    if (value === undefined) continue;
    const attribute = writer.open(field);
    writer.string(FIELD.keyValue.key, key);
    const slot = writer.open(FIELD.keyValue.value);
    if (typeof value === 'string') writer.string(anyValue.string, value);
    else if (typeof value === 'boolean') writer.bool(anyValue.bool, value);
    else if (typeof value === 'bigint') writer.int64(anyValue.int, value);
    else writer.double(anyValue.double, value);
    writer.close(slot);
    writer.close(attribute);
  }
}

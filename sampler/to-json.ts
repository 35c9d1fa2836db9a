/**
 * A record's text. A number that is not finite becomes 0: as JSON it would be null, which no reader of the record takes, so
 * that its trace would stay open for ever.
 */
export function toJson(record: object): string {
  return JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? 0 : value,
  );
}

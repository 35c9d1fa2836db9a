/** An OTLP `AnyValue`. 64-bit integers beyond 2^53 are bigint, smaller ones number; an empty AnyValue is null. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/** Attributes by key. Of duplicate keys the last wins. */
export type Attributes = ReadonlyMap<string, AttributeValue>;

export const NO_ATTRIBUTES: Attributes = new Map();

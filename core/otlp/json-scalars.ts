/** Text of an OTLP/JSON number, exact. Undefined when it is no integer, or outside of the range. */
export function parseInteger(text: string, min: bigint, max: bigint): bigint | undefined {
  let value: bigint;
  if (/^-?\d{1,20}$/.test(text)) value = BigInt(text);
  else {
    // Some senders write whole numbers as 1.7e18 or 58.0, which proto3 JSON allows.
    const number = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isInteger(number)) return undefined;
    value = BigInt(number);
  }
  return value < min || value > max ? undefined : value;
}

/** A number, or one of proto3 JSON's names for what is none. Undefined for any other text. */
export function parseDouble(text: string): number | undefined {
  if (text === 'NaN') return Number.NaN;
  if (text === 'Infinity') return Number.POSITIVE_INFINITY;
  if (text === '-Infinity') return Number.NEGATIVE_INFINITY;
  return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Bytes of an id in hex of either case. Undefined when it is not hex. */
export function parseHex(text: string): Uint8Array | undefined {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/** Bytes in base64, standard or URL-safe, padded or not. Undefined when it is not base64. */
export function parseBase64(text: string): Uint8Array | undefined {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

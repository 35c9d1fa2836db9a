/** What a request is refused with, in ClickHouse's terms. */
export class Exception extends Error {
  override readonly name = 'Exception';

  /**
   * @param code - ClickHouse's number of it
   * @param type - ClickHouse's name of it, in capitals
   */
  constructor(
    readonly code: number,
    readonly type: string,
    reason: string,
  ) {
    super(`Code: ${code}. DB::Exception: ${reason}. (${type})`);
  }
}

/** By ClickHouse's code; 500 for all others. */
const STATUSES: Readonly<Record<number, number>> = {
  48: 501,
  60: 404,
  62: 400,
  81: 404,
  164: 403,
  194: 401,
  497: 403,
  516: 403,
};

/** Code and status of what was thrown, and the text that a client reads. */
export interface Refusal {
  readonly code: number;
  readonly status: number;
  readonly text: string;
}

/** Of the engine's own errors the code is in the text. */
export function toRefusal(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  const found = error instanceof Exception ? error.code : Number(/Code: (\d+)/.exec(message)?.[1]);
  // 1002 is ClickHouse's UNKNOWN_EXCEPTION.
  const code = Number.isInteger(found) ? found : 1002;
  const text = message.startsWith('Code: ')
    ? message
    : `Code: ${code}. DB::Exception: ${message}${code === 1002 ? ' (UNKNOWN_EXCEPTION)' : ''}`;
  return { code, status: STATUSES[code] ?? 500, text: `${text.trimEnd()}\n` };
}

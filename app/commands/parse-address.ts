import { PipelineError } from '../../core/errors.js';

/**
 * Reads `HOST:PORT`, `:PORT` or `[IPV6]:PORT`.
 * @param option - names it in the error
 * @throws {PipelineError} CONFIG_INVALID
 */
export function parseAddress(option: string, text: string): { readonly host?: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `${option}: expected HOST:PORT, such as 127.0.0.1:4318, got ${JSON.stringify(text)}`,
    );
  }
  const host = match[1] ?? match[2] ?? '';
  return { ...(host === '' ? {} : { host }), port };
}

import { z } from 'zod';
import { Secret } from '../secret.js';

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]+$/;
/** What the sender sets itself, or what a request cannot do without. */
const OWN_HEADERS = new Set([
  ...['content-type', 'content-length', 'content-encoding', 'transfer-encoding'],
  ...['host', 'connection', 'expect', 'upgrade', 'keep-alive'],
]);

/** A setting that holds the URL of an OTLP/HTTP receiver. */
export const otlpEndpoint = z.string().refine(isPlainUrl, {
  error:
    'expected an http or https URL without user, password and fragment, such as http://localhost:4318, got another text; credentials go into headers',
});

/** A setting that holds headers for every request to an OTLP/HTTP receiver; their values are secrets. */
export const otlpHeaders = z.record(
  z.string().refine((name) => HEADER_NAME.test(name) && !OWN_HEADERS.has(name.toLowerCase()), {
    error: 'expected the name of a header that Assay does not set itself, such as authorization, got another text',
  }),
  z
    .string()
    .refine((value) => HEADER_VALUE.test(value), {
      error: 'expected the value of an HTTP header on one line, got a hidden value',
    })
    .transform((value) => new Secret(value)),
);

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

/**
 * Where a signal goes: `/v1/<signal>` below the endpoint, or the endpoint itself when it says so already.
 * @param endpoint - a valid URL; a query is kept
 */
export function otlpUrl(endpoint: string, signal: 'traces' | 'logs'): string {
  const url = new URL(endpoint);
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith(`/v1/${signal}`) ? path : `${path}/v1/${signal}`;
  return url.href;
}

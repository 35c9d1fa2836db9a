import type { Span } from '../core/span.js';
import { count, structure, text } from './values.js';

interface Emitter {
  /** True for a span of an emitter, at a version, whose input count leaves out what went through the provider's cache. */
  readonly sent: (span: Span) => boolean;
  /** The tokens left out: read from the cache and written to it. */
  readonly leftOut: (span: Span) => number;
}

/** Who counts without the cache. Everyone else includes it, as OTel GenAI says and as `TokenCount` has it. */
const EXCLUDING: readonly Emitter[] = [
  // OpenLLMetry's Anthropic instrumentation for JavaScript, up to 0.27.
  {
    sent: (span) => span.scopeName === '@traceloop/instrumentation-anthropic' && isBelow(span.scopeVersion, 0, 28),
    leftOut: ({ attributes }) =>
      (count(attributes.get('gen_ai.usage.cache_read.input_tokens')) ?? 0) +
      (count(attributes.get('gen_ai.usage.cache_creation.input_tokens')) ?? 0),
  },
  // Vercel AI SDK up to 5, with Claude: 6 is the first to send the details of its input count. Its scope has no version.
  {
    sent: ({ attributes }) =>
      attributes.has('ai.operationId') && !attributes.has('ai.usage.inputTokenDetails.noCacheTokens'),
    leftOut: leftOutByAnthropic,
  },
];

/** How many input tokens the span's own count leaves out; 0 for emitters that count them all. */
export function excludedCache(span: Span): number {
  for (const emitter of EXCLUDING) if (emitter.sent(span)) return emitter.leftOut(span);
  return 0;
}

function leftOutByAnthropic({ attributes }: Span): number {
  const sent = text(attributes.get('ai.response.providerMetadata'));
  if (sent === undefined || !sent.includes('"anthropic"')) return 0;
  const metadata = structure(structure(sent)?.anthropic);
  const usage = structure(metadata?.usage);
  const read = usage?.cache_read_input_tokens ?? metadata?.cacheReadInputTokens;
  const written = usage?.cache_creation_input_tokens ?? metadata?.cacheCreationInputTokens;
  return (count(read) ?? 0) + (count(written) ?? 0);
}

function isBelow(version: string, major: number, minor: number): boolean {
  const [, found = '', next = ''] = /^(\d+)\.(\d+)/.exec(version) ?? [];
  if (found === '') return false;
  return Number(found) < major || (Number(found) === major && Number(next) < minor);
}

import { describe, expect, it } from 'vitest';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { CAPTURES, readLogs } from '../test/fixtures/captures/load.js';
import { countLog, isFeedback } from './log-event-hash.js';
import { asStored, logRecord, type TestLog } from './records.test-support.js';
import { hashToHex } from './span-hash.js';

const ASKED: TestLog = { span: 2 };
const captured = CAPTURES.flatMap((capture) => readLogs(capture).map((event) => [capture, event] as const));

function hashOf(log: TestLog): string {
  const [event] = decodeLogEvents(logRecord([log]).value);
  return hashToHex(countLog(event!).hash);
}

describe('a log event', () => {
  it('is counted alike when it comes from the bus and when the store gives it back', () => {
    expect(new Set(captured.map(([capture]) => capture))).toEqual(new Set(['feedback', 'mastra', 'otel-genai']));
    for (const [capture, event] of captured)
      expect(countLog(asStored(event)).hash, `${capture} ${event.name}`).toEqual(countLog(event).hash);
  });

  it('that was sent in protobuf and again in JSON is counted once', () => {
    const messages = readLogs('otel-genai').filter((event) => !isFeedback(event));
    const hashes = messages.map((event) => hashToHex(countLog(event).hash));
    expect(new Set(hashes).size).toBe(hashes.length / 2);
  });

  it.each([
    ['span', { span: 3 }],
    ['trace as a whole', { span: 0 }],
    ['name', { name: 'gen_ai.choice' }],
    ['time', { ms: 2 }],
    ['text', { text: 'please refund!' }],
  ] as const)('is another when it differs in its %s', (_, change) => {
    expect(hashOf({ ...ASKED, ...change })).not.toBe(hashOf(ASKED));
    expect(hashOf({ ...ASKED })).toBe(hashOf(ASKED));
  });
});

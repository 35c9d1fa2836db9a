import { expect, it } from 'vitest';
import { createLogger } from './logger.js';

it.each(['err', 'error'])('an error that is logged as %s keeps its message, its stack and its cause', (name) => {
  const lines: string[] = [];
  const logger = createLogger('info', 'judge', { write: (line) => void lines.push(line) });
  logger.error({ [name]: new Error('outer', { cause: new Error('inner') }) }, 'it failed');
  const line = JSON.parse(lines[0]!) as Record<string, { message: string; stack: string }>;
  expect(line).toMatchObject({ role: 'judge', msg: 'it failed' });
  expect(line[name]!.message).toContain('outer');
  expect(line[name]!.stack).toContain('logger.test.ts');
  expect(line[name]!.stack).toContain('inner');
});

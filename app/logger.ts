import { pino } from 'pino';
import type { Logger } from '../core/logger.js';

/** JSON lines on stderr, written at once so that the last line before a crash is there. Every line names its role. */
export function createLogger(level: string, role: string): Logger {
  return pino(
    { level, base: { role }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
}

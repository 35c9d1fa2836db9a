import { pino, type DestinationStream } from 'pino';
import type { Logger } from '../core/logger.js';

/** JSON lines on stderr, written at once so that the last line before a crash is there. Every line names its role. */
export function createLogger(
  level: string,
  role: string,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  return pino(
    {
      level,
      base: { role },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    },
    destination,
  );
}

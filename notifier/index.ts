export {
  ATTEMPT_OUTCOMES,
  type Attempt,
  type AttemptOutcome,
  type DeadLetter,
  type Occasion,
  type OutboxEntry,
  type Release,
  type Told,
} from './attempt.js';
export { notifierConfig, type ChannelKind, type NotifierConfig } from './config.js';
export { createNotifier, type Notifier, type NotifierDeps } from './notifier.js';
export type { TestResult } from './send-test.js';

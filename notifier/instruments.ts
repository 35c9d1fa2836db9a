import type { Counter, Gauge, Metrics } from '../core/metrics.js';

/** What the notifier counts, by channel, whose names come from the settings. */
export interface Instruments {
  readonly sent: Counter<'channel' | 'state'>;
  readonly failed: Counter<'channel'>;
  readonly deadLetters: Counter<'channel'>;
  readonly superseded: Counter<'channel'>;
  readonly waiting: Gauge<'channel'>;
}

export function createInstruments(metrics: Metrics): Instruments {
  return {
    sent: metrics.counter(
      'assay_notifier_sent_notifications_total',
      'Notifications that the receiver took, by the state of the alarm; `release` for change events.',
      ['channel', 'state'],
    ),
    failed: metrics.counter(
      'assay_notifier_failed_requests_total',
      'Requests that were not taken and are sent again.',
      ['channel'],
    ),
    deadLetters: metrics.counter(
      'assay_notifier_dead_letters_total',
      'Notifications that the receiver refused for good. Another channel is told of each alarm.',
      ['channel'],
    ),
    superseded: metrics.counter(
      'assay_notifier_superseded_notifications_total',
      'Notifications that were not sent, since a later one says more or nothing was left to say.',
      ['channel'],
    ),
    waiting: metrics.gauge('assay_notifier_waiting_notifications', 'Notifications that are not out yet.', ['channel']),
  };
}

import { alarmIdOf } from '../core/alarm-id.js';
import type { AlarmTransition } from '../core/alarm.js';
import type { Clock } from '../core/clock.js';
import type { Fetch } from '../core/post.js';
import type { State } from '../core/state.js';
import type { Attempt } from './attempt.js';
import type { Channel } from './channel-loop.js';
import type { ChannelKind } from './config.js';
import { deliver, type Delivery } from './deliver.js';
import { Draft } from './outbox-state.js';
import type { Outbox } from './outbox.js';

/** How a test went. Nothing is tried twice: whoever asked for it looks at the answer. */
export type TestResult =
  | { readonly status: 'unknown'; readonly channels: readonly { readonly name: string; readonly kind: ChannelKind }[] }
  | { readonly status: 'taken'; readonly kind: ChannelKind }
  | {
      readonly status: 'failed';
      readonly kind: ChannelKind;
      readonly state: 'firing' | 'resolved';
      readonly reason: string;
    };

export interface SendTestDeps {
  readonly state: State;
  readonly outbox: Outbox;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly record: (attempt: Attempt) => Promise<void>;
}

/** Tells a channel of an alarm that is none, and of its end, so that nothing stays open. */
export async function sendTest(channel: Channel, deps: SendTestDeps): Promise<TestResult> {
  const { clock } = deps;
  const { kind, name, sender } = channel;
  const startedAtMs = clock.nowMs();
  for (const state of ['firing', 'resolved'] as const) {
    const delivery = await tell(channel, toTest(name, state, { startedAtMs, nowMs: clock.nowMs() }), deps);
    if (delivery.outcome !== 'taken') return { status: 'failed', kind, state, reason: delivery.reason };
    if (state === 'firing' && sender.paceMs > 0) await clock.sleep(sender.paceMs, deps.signal);
  }
  const draft = new Draft(deps.state);
  deps.outbox.retryNow(draft, name);
  await draft.commit();
  return { status: 'taken', kind };
}

async function tell(
  { name, kind, sender }: Channel,
  transition: AlarmTransition,
  deps: SendTestDeps,
): Promise<Delivery> {
  const nowMs = deps.clock.nowMs();
  const occasion = 'test';
  const message = sender.tell({ transition, occasion, openAs: [transition.severity], nowMs });
  const delivery = await deliver(message, sender, deps);
  const { outcome, reason } = delivery;
  await deps.record({
    ...{ channel: name, kind, transition, occasion, attempt: 1 },
    ...{ atMs: nowMs, tookMs: deps.clock.nowMs() - nowMs, outcome, reason },
  });
  return delivery;
}

function toTest(
  channel: string,
  state: 'firing' | 'resolved',
  { startedAtMs, nowMs }: { readonly startedAtMs: number; readonly nowMs: number },
): AlarmTransition {
  const subject = { tenant: '', service: 'assay', release: '', environment: '', criterion: '' };
  const rule = 'test_notification';
  const sequence = startedAtMs + (state === 'firing' ? 0 : 1);
  return {
    ...{
      alarmId: alarmIdOf(`${rule}/${channel}`, subject),
      sequence,
      state,
      kind: 'pipeline_health',
      rule,
      subject,
    },
    severity: 'info',
    summary: `This is a test of channel ${channel}, sent by hand. Nothing is wrong.`,
    details: { channel },
    startedAtMs,
    atMs: nowMs,
  };
}

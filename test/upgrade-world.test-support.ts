import type { Report, TraceRow, Why } from '../app/index.js';
import { agentRun, traceIdOf } from '../bench/agent-run.js';

/** Beside the packed data directory: what the version that wrote it said of it. */
export interface UpgradeRecord {
  readonly commit: string;
  readonly report: Report;
  readonly traces: readonly TraceRow[];
  readonly why: readonly Why[];
  /** Decided, and their judgements read and not answered, when the process was killed. */
  readonly unjudged: readonly string[];
  /** Acknowledged right before the process was killed. */
  readonly unread: readonly string[];
}

/** Traces that were settled, judged and drawn out, of two releases. */
export const FINISHED = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] as const;
/** One of them that a late span made a second version of. */
export const LATE = 4;
export const UNJUDGED = [20, 21] as const;
export const UNREAD = [22, 23, 24, 25] as const;

/** The run of this number, always with the same outcome. */
export function runOf(number: number): object {
  const release = number >= 20 ? '2.0' : number % 2 === 0 ? '1.0' : '1.1';
  return agentRun({ number, release, truncated: number % 5 === 3 });
}

/** A span that comes after its trace was decided. */
export function lateSpan(): object {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId: traceIdOf(LATE),
    spanId: 'feedfeedfeedfeed',
    name: 'execute_tool send_receipt',
    kind: 1,
    startTimeUnixNano: String(nowNs),
    endTimeUnixNano: String(nowNs + 1_000_000n),
    attributes: [
      { key: 'gen_ai.operation.name', value: { stringValue: 'execute_tool' } },
      { key: 'gen_ai.tool.name', value: { stringValue: 'send_receipt' } },
    ],
  };
  const attributes = [
    { key: 'service.name', value: { stringValue: 'shop-agent' } },
    { key: 'service.version', value: { stringValue: '1.0' } },
  ];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'test' }, spans: [span] }] }] };
}

/** Settings with which every trace but the settled is judged, and that both versions know. */
export const UPGRADE_SETTINGS: readonly string[] = [
  '--set',
  'sampler.quietMs=300',
  '--set',
  'sampler.orphanQuietMs=300',
  '--set',
  'sampler.pi.unsuspected=0.7',
  '--set',
  'sampler.salt=upgrade-fixture-salt',
];

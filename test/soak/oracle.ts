import type { Sent } from './exporter.js';
import type { StoreContent } from './store-content.js';

/** Something that must hold, with the numbers that it rests on. */
export interface Claim {
  readonly text: string;
  readonly holds: boolean;
  readonly figures: string;
}

/** What the oracle knows of a request. */
export type Tried = Pick<Sent, 'spans' | 'acknowledged' | 'unknown'>;

/** What the oracle compares the store with. */
export interface Witness {
  readonly sent: readonly Tried[];
  /** Requests that the scripted model had, by `<trace id>/<criterion>`. */
  readonly requests: ReadonlyMap<string, number>;
  /** `eval_id` of each verdict that a receiver was sent, when there was one. */
  readonly published?: ReadonlySet<string>;
  /** Kills right after money was set aside for a call: each leaves at least one lost. */
  readonly killsInFlight?: number;
}

/** Everything that issue 5 asks of a store after kills, each by itself. */
export function examine(store: StoreContent, witness: Witness): readonly Claim[] {
  return [
    ...spanClaims(store, witness.sent),
    ...ledgerClaims(store, witness.sent),
    ...verdictClaims(store, witness),
    ...spendClaims(store, witness),
  ];
}

function claim(text: string, wrong: number, figures: string): Claim {
  return { text, holds: wrong === 0, figures: `${figures}; wrong: ${wrong}` };
}

function spanClaims({ rawSpans, spans }: StoreContent, sent: readonly Tried[]): readonly Claim[] {
  const acknowledged = sent.filter((each) => each.acknowledged > 0).flatMap((each) => each.spans);
  const known = new Set(sent.flatMap((each) => each.spans));
  const atMost = sent.reduce((sum, { spans: keys, ...each }) => sum + keys.length * mayBeTaken(each), 0);
  const twice = sent.flatMap((each) => each.spans.filter((key) => (rawSpans.get(key) ?? 0) > mayBeTaken(each)));
  const rows = sum(rawSpans.values());
  return [
    claim(
      'every acknowledged span is at least once in otel_traces',
      acknowledged.filter((key) => !rawSpans.has(key)).length,
      `${acknowledged.length} acknowledged, ${rawSpans.size} in otel_traces`,
    ),
    claim(
      'every acknowledged span is exactly once in assay_spans',
      acknowledged.filter((key) => spans.get(key) !== 1).length,
      `${acknowledged.length} acknowledged, ${sum(spans.values())} rows of ${spans.size} spans`,
    ),
    claim(
      'the store holds no span that was not sent',
      [...rawSpans.keys()].filter((key) => !known.has(key)).length,
      `${known.size} sent`,
    ),
    claim(
      'a restart of the writer adds no duplicate of its own: no span has more rows than times it may have been taken',
      twice.length,
      `${rows} rows of otel_traces for ${rawSpans.size} spans; senders sent ${atMost} that were acknowledged or had no answer`,
    ),
  ];
}

/** Acknowledged, or sent and never answered. */
function mayBeTaken({ acknowledged, unknown }: Pick<Sent, 'acknowledged' | 'unknown'>): number {
  return acknowledged + unknown;
}

/** What must hold of the ledger: each acknowledged trace once in it, with an outcome. */
export function ledgerClaims({ ledger }: StoreContent, sent: readonly Tried[]): readonly Claim[] {
  const traces = new Set(sent.filter((each) => each.acknowledged > 0).flatMap((each) => each.spans.map(traceOf)));
  const rows = count(ledger.map(({ traceId }) => traceId));
  const outcomes = [...count(ledger.map(({ outcome }) => outcome))].map(([name, rowsOf]) => `${name} ${rowsOf}`);
  const unfinished = ledger.filter(({ outcome }) => outcome === 'open' || outcome === 'pending');
  return [
    claim(
      'every trace has one current ledger row',
      [...traces].filter((id) => rows.get(id) !== 1).length + [...rows.values()].filter((of) => of !== 1).length,
      `${traces.size} traces acknowledged, ${ledger.length} ledger rows (${outcomes.sort().join(', ')})`,
    ),
    claim('every trace came to an outcome', unfinished.length, `${ledger.length} traces`),
  ];
}

/** What must hold of the verdicts: none doubled, none contradicted, all of them published where somebody listens. */
export function verdictClaims({ verdicts, rawVerdicts }: StoreContent, { published }: Witness): readonly Claim[] {
  const questions = count(
    verdicts.map(({ traceId, version, criterion }) => `${traceId}/${String(version)}/${criterion}`),
  );
  const errors = verdicts.filter(({ outcome }) => outcome !== 'pass').length;
  const rows = rawVerdicts.reduce((total, each) => total + each.rows, 0);
  return [
    claim(
      'no verdict is doubled: one for each criterion of each version of a trace',
      [...questions.values()].filter((of) => of > 1).length,
      `${verdicts.length} verdicts of ${questions.size} questions`,
    ),
    claim(
      'a verdict that was told twice says the same twice',
      rawVerdicts.filter(({ answers }) => answers > 1).length,
      `${rows} rows before merging for ${rawVerdicts.length} verdicts`,
    ),
    claim('every verdict is what the scripted model answers', errors, `${verdicts.length} pass`),
    ...(published === undefined
      ? []
      : [
          claim(
            'every verdict arrived at the receiver of verdicts at least once',
            verdicts.filter(({ evalId }) => !published.has(evalId)).length,
            `${published.size} arrived`,
          ),
        ]),
  ];
}

/** What must hold of the money: no reply bought twice, no call charged that was not made, none of the lost forgotten. */
export function spendClaims(
  { verdicts, spend }: StoreContent,
  { requests, killsInFlight = 0 }: Witness,
): readonly Claim[] {
  const questionOf = new Map(verdicts.map(({ evalId, traceId, criterion }) => [evalId, `${traceId}/${criterion}`]));
  const settled = count(spend.filter(({ status, microUsd }) => status === 'settled' && microUsd > 0).map(keyOf));
  const free = spend.filter(({ status, microUsd }) => status === 'settled' && microUsd === 0).length;
  const lost = count(spend.filter(({ status }) => status === 'lost').map(keyOf));
  function keyOf({ evalId }: { readonly evalId: string }): string {
    return questionOf.get(evalId) ?? `unknown ${evalId}`;
  }
  const keys = [...new Set([...requests.keys(), ...settled.keys(), ...lost.keys()])];
  const of = (counts: ReadonlyMap<string, number>, key: string): number => counts.get(key) ?? 0;
  const again = keys.filter((key) => of(requests, key) > of(settled, key) + of(lost, key));
  const madeUp = keys.filter((key) => of(settled, key) > of(requests, key));
  const [asked, paid, gone] = [sum(requests.values()), sum(settled.values()), sum(lost.values())];
  const unanswered = keys.reduce((total, key) => total + of(requests, key) - of(settled, key), 0);
  return [
    claim(
      'journaled replies are never bought again: no evaluation made more requests than it has calls in assay_spend',
      again.length,
      `${asked} requests at the scripted model for ${requests.size} evaluations; assay_spend has ${paid} calls that were paid for and ${gone} lost`,
    ),
    claim(
      'no call is paid for that was not made',
      madeUp.length,
      `${paid} paid for, ${free} that came to nothing and are not`,
    ),
    claim(
      'calls lost in flight are in assay_spend as lost',
      Math.max(0, unanswered - gone) + Math.max(0, killsInFlight - gone),
      `${unanswered} requests whose answer no journal has and ${killsInFlight} kills right before one, ${gone} lost`,
    ),
  ];
}

function traceOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

function count(keys: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

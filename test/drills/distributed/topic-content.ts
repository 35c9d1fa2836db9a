import { readLetter, type DeadRecord } from '../../../core/dead-letter.js';
import type { StoredRecord, Topic } from '../../../core/log.js';
import { decodeSpans } from '../../../core/otlp/decode-spans.js';
import type { World } from './world.js';

/** What lies on Kafka when a drill is over. */
export interface TopicContent {
  /** Records by `<trace id>/<span id>` of the spans that they hold. */
  readonly spans: ReadonlyMap<string, number>;
  /** Ids of records on `spans` that nobody can read. */
  readonly unreadable: ReadonlySet<string>;
  /** What was decided to be judged, as `<trace id>/<version>/<criterion>`. */
  readonly questions: ReadonlySet<string>;
  readonly letters: readonly DeadRecord[];
}

/** Reads topics from their first record to their last, in a group that nobody else is in. */
export async function readTopics({ log, deps }: World): Promise<TopicContent> {
  const spans = new Map<string, number>();
  const unreadable = new Set<string>();
  const questions = new Set<string>();
  const letters: DeadRecord[] = [];
  const each = async (topic: Topic, take: (record: StoredRecord) => void): Promise<void> => {
    for await (const records of log.scan(topic, deps.signal)) for (const record of records) take(record);
  };
  const readSpans = each('spans', (record) => {
    try {
      for (const { traceId, spanId } of decodeSpans(record.value)) {
        const key = `${traceId}/${spanId}`;
        spans.set(key, (spans.get(key) ?? 0) + 1);
      }
    } catch {
      unreadable.add(`spans/${record.partition}/${record.offset}`);
    }
  });
  const readJudgements = each('judgements', ({ value }) => {
    for (const question of questionsIn(value)) questions.add(question);
  });
  const readLetters = each('dead-letters', (record) => {
    const letter = readLetter(record);
    if (letter !== undefined) letters.push(letter);
  });
  await Promise.all([readSpans, readJudgements, readLetters]);
  return { spans, unreadable, questions, letters };
}

interface Judgement {
  readonly decision: { readonly traceId: string; readonly version: number };
  readonly criteria: readonly string[];
}

/** None of what is no judgement. */
function questionsIn(value: Uint8Array): readonly string[] {
  try {
    const { decision, criteria } = JSON.parse(Buffer.from(value).toString()) as Judgement;
    return criteria.map((criterion) => `${decision.traceId}/${decision.version}/${criterion}`);
  } catch {
    return [];
  }
}

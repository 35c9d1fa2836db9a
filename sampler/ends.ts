import { PipelineError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { SourceTopic } from './source-topic.js';

/** On Kafka it is a request. */
const ASK_EVERY_MS = 250;

/** Where topics end, asked now and then. */
export class Ends {
  readonly #askedAtMs = new Map<SourceTopic, number>();

  constructor(private readonly log: Pick<Log, 'endOffsets'>) {}

  /** By partition, one past the newest offset; undefined when it was asked a moment ago, or the bus did not answer. */
  async whenDue(topic: SourceTopic, nowMs: number): Promise<ReadonlyMap<number, number> | undefined> {
    if (nowMs - (this.#askedAtMs.get(topic) ?? -Infinity) < ASK_EVERY_MS) return undefined;
    this.#askedAtMs.set(topic, nowMs);
    try {
      return await this.log.endOffsets(topic);
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      return undefined;
    }
  }
}

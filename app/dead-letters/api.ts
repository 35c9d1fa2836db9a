import type { Topic } from '../../core/log.js';

/** A record that Assay gave up, as `assay dead-letters list --json` has it. */
export interface DeadLetterRow {
  /** Where the record lay: topic, partition and offset, such as `judgements/3/1207`. */
  readonly id: string;
  /**
   * `source:NAME` is a topic of bus.source; `unsent:spans` is what `spans` never took, with 0 for the partition and a number made from
   * its bytes for the offset.
   */
  readonly topic: string;
  /** The topic that a replay puts it on; null where it cannot be replayed. */
  readonly replaysTo: Topic | null;
  readonly partition: number;
  readonly offset: number;
  /** Null of what is spoilt on disk: nothing of it can be trusted. */
  readonly key: string | null;
  readonly tenant: string | null;
  /** Bus time of the record, ISO 8601. */
  readonly acceptedAt: string;
  readonly givenUpAt: string;
  /** The role that gave it up; `bus` where its bytes on disk are not those that were written. */
  readonly role: string;
  readonly code: string;
  readonly reason: string;
  /** Of the record. */
  readonly bytes: number;
  readonly sha256: string;
  /** Whether its bytes are there, so that it can be replayed. */
  readonly hasBytes: boolean;
  /** When it was last replayed; null when it was not. */
  readonly replayedAt: string | null;
}

/** The answer of `assay dead-letters list --json`. */
export interface DeadLetterList {
  /** Given up last, first. */
  readonly letters: readonly DeadLetterRow[];
  /** Of all that are there, also where fewer are listed. */
  readonly total: number;
  readonly replayed: number;
  /** Records of the topic that Assay did not write. */
  readonly unreadable: number;
}

/** The answer of `assay dead-letters show --json`. */
export interface DeadLetter extends DeadLetterRow {
  /** Of the record itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** Null where its bytes are not there. */
  readonly base64: string | null;
}

/** The answer of `assay dead-letters replay --json`. */
export interface ReplayedLetters {
  readonly replayed: readonly string[];
  /** Of all that were not replayed yet, those without their bytes. */
  readonly withoutBytes: readonly string[];
  /** Of the same, those that lay on a topic of bus.source, which cannot be replayed. */
  readonly ofSource: readonly string[];
}

/** What the commands ask of the dead letters: of a running Assay, or of the bus itself. */
export interface DeadLetterCalls {
  deadLetters(limit: number): Promise<DeadLetterList>;
  /** @throws {PipelineError} RECORD_UNKNOWN */
  deadLetter(id: string): Promise<DeadLetter>;
  /**
   * Appends these records to their topics again, as they were, or all that were not replayed yet.
   * @throws {PipelineError} RECORD_UNKNOWN, and then nothing was replayed; BUS_UNAVAILABLE, and then some were and are marked so
   */
  replayDeadLetters(ids: readonly string[] | 'all'): Promise<ReplayedLetters>;
}

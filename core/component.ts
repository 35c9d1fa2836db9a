/** A part with a life. Made means wired, not running: a factory opens no socket, file or timer. */
export interface Component {
  /** Resolves when ready for work. A rejection ends start-up of the process. */
  start(signal: AbortSignal): Promise<void>;
  /** Takes no new work, hands on what it holds, frees everything. Safe twice, and before start. */
  stop(signal: AbortSignal): Promise<void>;
}

/** Where a stage sends what it made. */
export interface Consumer<Batch> {
  /**
   * Resolves once the batch is safe to forget: the caller may then acknowledge its own source.
   * Must neither change the batch nor keep it after that.
   * @throws {PipelineError} whose `disposition` says whether sending the same batch again can help
   */
  consume(batch: Batch, signal: AbortSignal): Promise<void>;
}

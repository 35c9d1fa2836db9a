/** Values that a span of Assay's own may carry. Never text of a trace, a prompt or a reply. */
export type OwnAttributes = Readonly<Record<string, string | number | boolean>>;

/** A piece of work about to begin. */
export interface OwnWork {
  readonly name: string;
  readonly kind: 'internal' | 'client';
  readonly attributes: OwnAttributes;
}

/** What to say of work that failed. */
export interface OwnFailure {
  /** One of few, such as an error code. */
  readonly type: string;
  /** Without any text of a trace. */
  readonly message?: string;
  readonly attributes?: OwnAttributes;
}

/** Adds attributes to the span of work that is under way. */
export type Note = (attributes: OwnAttributes) => void;

/** Makes Assay's own spans. Work that is not sampled, or runs before the start or after the stop, runs all the same. */
export interface OwnSpans {
  /**
   * Runs the work inside a span.
   * @param explain - of what the work threw
   */
  record<Result>(
    what: OwnWork,
    work: (note: Note) => Promise<Result>,
    explain?: (error: unknown) => OwnFailure,
  ): Promise<Result>;
}

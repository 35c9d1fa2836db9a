/** A partition of `judgements` for as long as it is this judge's. Its share of the budget pays for what is judged in it. */
export interface Turn {
  readonly partition: number;
  /** Aborts when the partition goes to another judge and when this one stops: nothing is bought from then on. */
  readonly ended: AbortSignal;
}

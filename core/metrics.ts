/** A count that only grows. Label values come from closed sets, never from trace text. */
export interface Counter<Label extends string = never> {
  add(amount: number, labels?: Readonly<Record<Label, string>>): void;
}

/** A level that goes up and down. */
export interface Gauge<Label extends string = never> {
  set(value: number, labels?: Readonly<Record<Label, string>>): void;
}

/** A distribution, in the unit of its name. */
export interface Histogram<Label extends string = never> {
  observe(value: number, labels?: Readonly<Record<Label, string>>): void;
}

/** Makes instruments. Names follow `assay_<stage>_<noun>_<unit>`, counters end in `_total`. */
export interface Metrics {
  counter<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Counter<Label>;
  gauge<Label extends string = never>(name: string, help: string, labels?: readonly Label[]): Gauge<Label>;
  histogram<Label extends string = never>(
    name: string,
    help: string,
    options: { readonly buckets: readonly number[]; readonly labels?: readonly Label[] },
  ): Histogram<Label>;
}

/** Counts nothing. For tests and for benchmarks. */
export const noMetrics: Metrics = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ observe: () => undefined }),
};

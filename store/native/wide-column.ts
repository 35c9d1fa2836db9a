/** A column of 64-bit numbers, such as times and the ends of arrays, kept as two halves each, in the order of the machine. */
export class WideColumn {
  #halves = new Uint32Array(1_024);
  #length = 0;

  get rows(): number {
    return this.#length >>> 1;
  }

  clear(): void {
    this.#length = 0;
  }

  view(): Uint8Array {
    return new Uint8Array(this.#halves.buffer, 0, this.#length * 4);
  }

  push(low: number, high = 0): void {
    if (this.#length === this.#halves.length) this.#halves = grown(this.#halves);
    this.#halves[this.#length++] = low;
    this.#halves[this.#length++] = high;
  }
}

/** The same with room for twice as many. */
export function grown(array: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(array.length * 2);
  larger.set(array);
  return larger;
}

const MAX_TIME_HIGH = 0x7fffffff;

/** Writes a time in ns as a DateTime64(9); one past its last, in the year 2262, becomes that. */
export function pushTime(column: WideColumn, low: number, high: number): void {
  if (high > MAX_TIME_HIGH) column.push(0xffffffff, MAX_TIME_HIGH);
  else column.push(low, high);
}

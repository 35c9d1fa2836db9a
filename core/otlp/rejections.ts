/** Reasons that are named in one answer: a sender can make up as many as there are lengths of ids. */
const MAX_REASONS = 8;

/** Spans or log records left out, by what was wrong with them. */
export class Rejections {
  count = 0;
  private unnamed = 0;
  private readonly reasons = new Map<string, number>();

  constructor(private readonly noun: { readonly one: string; readonly many: string }) {}

  add(problem: string): void {
    this.count++;
    const known = this.reasons.get(problem);
    if (known === undefined && this.reasons.size >= MAX_REASONS) this.unnamed++;
    else this.reasons.set(problem, (known ?? 0) + 1);
  }

  /** Each reason, with its count when there are several; empty when there is none. */
  message(): string {
    const { one, many } = this.noun;
    if (this.reasons.size < 2) return [...this.reasons.keys()].join();
    const named = [...this.reasons].map(([problem, count]) => `${problem} (${count} ${count === 1 ? one : many})`);
    return [...named, ...(this.unnamed === 0 ? [] : [`and ${this.unnamed} for other reasons`])].join('; ');
  }
}

import type { Case, Row, Seen } from './cases.js';

/** What a case came to: the answer, what landed on the bus, and what was looked at there. */
export interface Outcome extends Seen {
  readonly bus: string;
  readonly saw?: string;
}

/** A case and its outcome. */
export interface AnsweredCase extends Case {
  readonly outcome: Outcome;
}

/** A row of which every case was sent. */
export interface AnsweredRow extends Row {
  readonly cases: readonly AnsweredCase[];
}

const HEAD = `# What Assay answers

Forty inputs that real senders produce, and what the receiver answers to each: over HTTP on port 4318 and, where it applies, over gRPC
on port 4317. A test sends them all to a receiver on a bus on disk, compares every answer, and writes this page
(\`UPDATE_DOCS=1 npx vitest run test/otlp-answers.test.ts\`).

The body of a refusal is a \`google.rpc.Status\`, in the encoding of the request; here is its code and message. A partial success shows what
was rejected. An empty answer is a whole success. Numbers of seconds are spread over three, so that senders do not all come back at once.
Only 503, and over gRPC UNAVAILABLE and DEADLINE_EXCEEDED, are sent again by SDKs; all else that is refused is not.
`;

/** docs/reference/otlp-answers.md. */
export function answersPage(rows: readonly AnsweredRow[]): string {
  return [HEAD, ...rows.map(section)].join('\n');
}

function section({ number, input, choice, cases }: AnsweredRow): string {
  const lines = cases.map(
    ({ of, via, outcome }) =>
      `| ${cell(of)} | ${via} | ${outcome.status === 'none' ? 'no answer' : outcome.status} | ${cell(outcome.body) || 'empty'} | ${cell(outcome.bus)}${outcome.saw === undefined ? '' : ` – ${cell(outcome.saw)}`} |`,
  );
  const head = '| sent | over | status | answer | on the bus |\n| --- | --- | --- | --- | --- |';
  return [`## ${number}. ${input}`, '', ...(choice === undefined ? [] : [choice, '']), head, ...lines, ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', '<br>').replaceAll('\0', '\\0');
}

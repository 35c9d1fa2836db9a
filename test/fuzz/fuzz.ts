import { rmSync } from 'node:fs';
import { PipelineError } from '../../core/errors.js';
import { temporaryDirectory } from '../helpers/assay-process.js';
import { checkBus } from './check-bus.js';
import { labelOf, problemOf } from './check-answer.js';
import { readCorpus, type Seed } from './corpus.js';
import type { Failure } from './failure.js';
import { createInput, type Input } from './input.js';
import { minimise } from './minimise.js';
import { createSender, type Answer, type Sender } from './send.js';
import { startServer, type Server } from './server.js';

export interface FuzzOptions {
  readonly seed: number;
  /** Inputs to send; fewer when the time is up before. */
  readonly count: number;
  readonly maxMs: number;
  /** Sends this one alone. */
  readonly only?: number;
  /** Roles that run behind the receiver's door, such as `receive,sample,write`. */
  readonly roles: string;
  readonly connections: number;
  readonly answerMs: number;
  readonly maxRssAnonMib: number;
  /** Whether what was acknowledged is also written into a store. */
  readonly withStore: boolean;
  /** Data directory, which is then kept. */
  readonly data?: string;
  readonly signal: AbortSignal;
  readonly progress?: (line: string) => void;
}

export interface FuzzResult {
  readonly sent: number;
  readonly tookMs: number;
  readonly byAnswer: ReadonlyMap<string, number>;
  readonly byMutator: ReadonlyMap<string, number>;
  readonly failures: readonly Failure[];
  readonly peakRssAnonMib: number;
  readonly slowestMs: number;
  /** Records that were read back. */
  readonly records: number;
}

/** The most failures that are looked into. */
const MAX_FAILURES = 20;

/** Sends spoilt requests to the real server, and checks what it answers and what it keeps. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const data = options.data ?? temporaryDirectory();
  const run = new Run(options, readCorpus(), data);
  try {
    return await run.run();
  } finally {
    if (options.data === undefined) rmSync(data, { recursive: true, force: true });
  }
}

class Run {
  readonly #byAnswer = new Map<string, number>();
  readonly #byMutator = new Map<string, number>();
  readonly #failures: Failure[] = [];
  #next = 0;
  #sent = 0;
  #peakRssAnonMib = 0;
  #slowestMs = 0;

  constructor(
    private readonly options: FuzzOptions,
    private readonly corpus: readonly Seed[],
    private readonly data: string,
  ) {}

  async run(): Promise<FuzzResult> {
    const startedMs = performance.now();
    const server = await startServer({ data: this.data, roles: this.options.roles });
    try {
      await this.#attack(server);
    } finally {
      await server.stop();
    }
    const trouble = server
      .output()
      .split('\n')
      .filter((line) => /"level":(50|60)|Error:/.test(line));
    for (const line of new Set(trouble.map((one) => one.slice(0, 1_000))))
      this.#fail({ message: `expected no error in the log, got ${line}` });
    const records = await this.#readBack();
    const { size } = this.#byAnswer;
    if (size === 0) this.#fail({ message: 'expected at least one input to be sent, got none' });
    return {
      sent: this.#sent,
      tookMs: performance.now() - startedMs,
      byAnswer: this.#byAnswer,
      byMutator: this.#byMutator,
      failures: this.#failures,
      peakRssAnonMib: this.#peakRssAnonMib,
      slowestMs: this.#slowestMs,
      records,
    };
  }

  async #attack(server: Server): Promise<void> {
    const { connections, answerMs, signal, maxMs } = this.options;
    const sender = createSender({ ...server, answerMs, connections });
    const timer = setInterval(() => {
      this.#look(server);
    }, 250);
    const untilMs = performance.now() + maxMs;
    const isOver = (): boolean => signal.aborted || performance.now() >= untilMs;
    try {
      await Promise.all(Array.from({ length: connections }, () => this.#work(server, sender, isOver)));
      this.#look(server);
      await this.#finish(server, sender);
    } finally {
      clearInterval(timer);
      sender.close();
    }
  }

  async #work(server: Server, sender: Sender, isOver: () => boolean): Promise<void> {
    const { only, count, seed } = this.options;
    while (!isOver() && server.ended() === undefined && this.#failures.length < MAX_FAILURES) {
      const turn = this.#next++;
      if (turn >= (only === undefined ? count : 1)) return;
      const input = createInput(this.corpus, seed, only ?? turn);
      const startedMs = performance.now();
      const answer = await sender.send(input);
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - startedMs);
      this.#count(input, answer);
      const problem = problemOf(input, answer);
      if (problem === undefined) continue;
      if (answer.kind === 'late') await this.#tryAgain(input, sender);
      else await this.#lookInto(input, problem, sender);
    }
  }

  #count(input: Input, answer: Answer): void {
    this.#sent++;
    const label = labelOf(answer);
    this.#byAnswer.set(label, (this.#byAnswer.get(label) ?? 0) + 1);
    for (const name of input.mutators) this.#byMutator.set(name, (this.#byMutator.get(name) ?? 0) + 1);
  }

  /** What an input does it does again; once, it was a stall on this side. The summary has it as `late`. */
  async #tryAgain(input: Input, sender: Sender): Promise<void> {
    const problem = problemOf(input, await sender.send(input));
    if (problem !== undefined) this.#fail({ number: input.number, message: problem, input });
  }

  async #lookInto(input: Input, message: string, sender: Sender): Promise<void> {
    const kind = message.slice(0, 30);
    const smallest = await minimise(input.body, async (body) => {
      const problem = problemOf(input, await sender.send({ ...input, body }));
      return problem?.slice(0, 30) === kind;
    });
    this.#fail({ number: input.number, message, input, smallest });
  }

  #look(server: Server): void {
    const { progress, maxRssAnonMib } = this.options;
    const mib = server.rssAnonMib();
    if (mib > maxRssAnonMib && this.#peakRssAnonMib <= maxRssAnonMib)
      this.#fail({
        message: `expected at most ${maxRssAnonMib} MiB of RssAnon, got ${mib} after ${this.#sent} inputs`,
      });
    this.#peakRssAnonMib = Math.max(this.#peakRssAnonMib, mib);
    progress?.(
      `${this.#sent} sent, ${this.#failures.length} failed, ${mib} MiB, slowest ${Math.round(this.#slowestMs)} ms`,
    );
  }

  /** The process lives, and a request that is right is taken. */
  async #finish(server: Server, sender: Sender): Promise<void> {
    const ended = server.ended();
    if (ended !== undefined) {
      this.#fail({ message: `expected the process to live, it ended with ${ended}: ${server.output().slice(-2_000)}` });
      return;
    }
    const right = this.corpus.find(({ kind, isGrpc }) => kind === 'capture' && !isGrpc)!;
    const { name, method, path, headers, body } = right;
    const input: Input = {
      number: -1,
      seed: name,
      mutators: [],
      isRight: true,
      door: 'http',
      method,
      path,
      headers,
      body,
      isChunked: false,
    };
    const problem = problemOf(input, await sender.send(input));
    if (problem !== undefined) this.#fail({ message: `at the end: ${problem}` });
  }

  async #readBack(): Promise<number> {
    const { progress, withStore, seed } = this.options;
    progress?.(`${this.#sent} sent, reading back what was acknowledged`);
    try {
      const { records, failures } = await checkBus(this.data, withStore);
      for (const failure of failures.slice(0, MAX_FAILURES)) {
        const { number } = failure;
        const input = number === undefined ? {} : { input: createInput(this.corpus, seed, number) };
        this.#fail({ ...failure, ...input });
      }
      return records;
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error;
      this.#fail({ message: `expected a bus that opens, got ${error.message}` });
      return 0;
    }
  }

  #fail(failure: Failure): void {
    this.#failures.push(failure);
  }
}

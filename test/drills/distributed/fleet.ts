import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { spawnAssay, type AssayProcess } from '../../helpers/assay-process.js';
import { freePort } from '../../helpers/free-port.js';
import { anonymousMib, type MemorySample } from './memory.js';

export const FLEET_ROLES = ['receive', 'sample', 'judge', 'write', 'publish'] as const;
export type FleetRole = (typeof FLEET_ROLES)[number];
/** How many processes there are of each role. */
export type Counts = Readonly<Record<FleetRole, number>>;

/** From one start of a process to its end. */
export interface Life {
  readonly process: AssayProcess;
  readonly memory: MemorySample[];
  /** Whether the drill, and not the process itself, ended it. */
  isEndMeant: boolean;
}

const SAMPLE_MS = 1_000;
const READY_MS = 60_000;
const LOOK_MS = 25;
/** As a supervisor waits before it starts again what ended by itself. */
const SUPERVISOR_MS = 1_000;

interface Place {
  readonly name: string;
  readonly data: string;
  readonly ports: readonly [http: number, grpc: number];
}

/** A process of one role, with ports and a data directory that stay its own however often it is started. */
export class Member {
  readonly lives: Life[] = [];
  /** Why it ended by itself, each time that it did. */
  readonly deaths: string[] = [];
  #isOver = false;

  constructor(
    readonly role: FleetRole,
    private readonly place: Place,
    private readonly args: readonly string[],
  ) {
    mkdirSync(place.data, { recursive: true });
  }

  /** Such as `sample-2`. */
  get name(): string {
    return this.place.name;
  }

  get data(): string {
    return this.place.data;
  }

  get http(): string {
    return `http://127.0.0.1:${this.place.ports[0]}`;
  }

  get grpc(): string {
    return `127.0.0.1:${this.place.ports[1]}`;
  }

  get pid(): number | undefined {
    return this.lives.at(-1)?.process.child.pid;
  }

  get isRunning(): boolean {
    const child = this.lives.at(-1)?.process.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts it, and resolves once it says that it runs. */
  async start(): Promise<void> {
    this.#isOver = false;
    const [http, grpc] = this.place.ports;
    const ports = ['--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`];
    const assay = spawnAssay({
      data: this.place.data,
      command: 'run',
      args: ['--role', this.role, ...ports, ...this.args],
    });
    const life: Life = { process: assay, memory: [], isEndMeant: false };
    this.lives.push(life);
    void assay.ended.then(({ code, signal }) => this.#afterEnd(life, String(signal ?? code)));
    const deadlineMs = Date.now() + READY_MS;
    while (!/^Assay (listens|runs) /m.test(assay.output())) {
      if (assay.child.exitCode !== null || assay.child.signalCode !== null)
        throw new Error(`expected ${this.name} to start, it ended:\n${assay.output()}`);
      if (Date.now() > deadlineMs) throw new Error(`expected ${this.name} to run within ${READY_MS} ms, it does not`);
      await delay(LOOK_MS);
    }
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and waits for the drain. @returns how long that took, in ms, and what it ended with */
  async terminate(): Promise<{ readonly tookMs: number; readonly endedWith: string }> {
    const startedMs = performance.now();
    const endedWith = await this.#end('SIGTERM');
    return { tookMs: performance.now() - startedMs, endedWith };
  }

  sample(): void {
    const pid = this.pid;
    if (pid === undefined || !this.isRunning) return;
    const mib = anonymousMib(pid);
    if (mib !== undefined) this.lives.at(-1)?.memory.push({ atMs: Date.now(), mib });
  }

  async #end(signal: NodeJS.Signals): Promise<string> {
    this.#isOver = true;
    const life = this.lives.at(-1);
    if (life === undefined || !this.isRunning) return 'nothing';
    life.isEndMeant = true;
    life.process.child.kill(signal);
    const ended = await life.process.ended;
    return String(ended.signal ?? ended.code);
  }

  async #afterEnd(life: Life, how: string): Promise<void> {
    if (life.isEndMeant) return;
    const last = life.process.output().trimEnd().split('\n').at(-1) ?? '';
    this.deaths.push(`${this.name} ended by itself with ${how}: ${last.slice(0, 300)}`);
    await delay(SUPERVISOR_MS);
    if (!this.#isOver) await this.start().catch(() => undefined);
  }
}

export interface FleetOptions {
  /** Where the data directories are made. */
  readonly directory: string;
  /** Of every process. */
  readonly args: readonly string[];
  /** Where the data of a receiver lies instead, if anywhere. */
  readonly receiverData?: (index: number) => string;
}

/** The processes of a drill, started and ended by it as a process manager does. */
export class Fleet {
  readonly members: Member[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly options: FleetOptions) {
    this.#timer = setInterval(() => {
      for (const member of this.members) member.sample();
    }, SAMPLE_MS);
  }

  of(role: FleetRole): readonly Member[] {
    return this.members.filter((member) => member.role === role);
  }

  /** Makes one more of a role; it is not started yet. */
  async add(role: FleetRole): Promise<Member> {
    const index = this.of(role).length + 1;
    const name = `${role}-${index}`;
    const { directory, receiverData, args } = this.options;
    const own = role === 'receive' ? receiverData?.(index) : undefined;
    const ports = [await freePort(), await freePort()] as const;
    const member = new Member(role, { name, data: own ?? join(directory, name), ports }, args);
    this.members.push(member);
    return member;
  }

  /** Receivers first, then all others at once. */
  async start(counts: Counts): Promise<void> {
    for (const role of FLEET_ROLES) for (let at = 0; at < counts[role]; at += 1) await this.add(role);
    await Promise.all(this.members.map((member) => member.start()));
  }

  /** First to last, so that each hands on what it holds. */
  async stop(): Promise<readonly string[]> {
    const ends: string[] = [];
    for (const role of FLEET_ROLES) {
      const running = this.of(role).filter((member) => member.isRunning);
      await Promise.all(
        running.map(async (member) => {
          const { endedWith } = await member.terminate();
          if (endedWith !== '0') ends.push(`${member.name} ended with ${endedWith} when it was told to stop`);
        }),
      );
    }
    return ends;
  }

  /** Ends what still runs, without any drain. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.members.map((member) => member.kill()));
  }
}

import { spawnCommand, type AssayProcess } from '../../helpers/assay-process.js';
import { freePort } from '../../helpers/free-port.js';

/** ClickHouse's HTTP interface over the embedded engine, in a process of its own that can be away. */
export class StoreProcess {
  #process: AssayProcess | undefined;

  private constructor(
    private readonly data: string,
    private readonly port: number,
  ) {}

  static async make(data: string): Promise<StoreProcess> {
    return new StoreProcess(data, await freePort());
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** @param args - such as `--fault drop-answer=3` */
  async start(...args: readonly string[]): Promise<void> {
    const server = spawnCommand(['store', 'serve', '--http', `127.0.0.1:${this.port}`, '--data', this.data, ...args]);
    this.#process = server;
    await Promise.race([
      server.listening,
      server.ended.then(() => Promise.reject(new Error(`expected the store to listen:\n${server.output()}`))),
    ]);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const server = this.#process;
    this.#process = undefined;
    if (server === undefined) return;
    if (server.child.exitCode === null && server.child.signalCode === null) server.child.kill(signal);
    await server.ended;
  }

  /** What the engine answers, as text. */
  async ask(sql: string): Promise<string> {
    const response = await fetch(this.url, { method: 'POST', body: sql, signal: AbortSignal.timeout(120_000) });
    const text = await response.text();
    if (!response.ok) throw new Error(`expected an answer to ${sql.slice(0, 200)}, got ${response.status}: ${text}`);
    return text;
  }

  async rows<Row>(sql: string): Promise<Row[]> {
    const text = await this.ask(`${sql} SETTINGS output_format_json_quote_64bit_integers = 0 FORMAT JSONEachRow`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }
}

import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Report, TraceRow } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { runAssay, startAssayProcess, type AssayProcess } from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { canMount, mountSmallDisk, type SmallDisk } from '../helpers/small-disk.js';
import { until } from '../helpers/until.js';

const MIB = 2 ** 20;
const DISK_MIB = 256;
const MIN_FREE_MIB = 64;
const SENDERS = 3;
/** Between two runs of a sender: the drill is about the disk, not about load. */
const PAUSE_MS = 20;

describe.skipIf(!canMount())('a disk that fills up under load (skipped where nobody may mount)', () => {
  let disk: SmallDisk;
  let assay: (AssayProcess & { readonly url: string }) | undefined;

  beforeEach(() => {
    disk = mountSmallDisk(DISK_MIB)!;
  });
  afterEach(async () => {
    await assay?.stop();
    disk.release();
  });

  const data = (): string => join(disk.directory, 'data');
  const filler = (): string => join(disk.directory, 'filler');
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(disk.directory);
    return bavail * bsize;
  };

  /** Writes until this much is left at most. */
  function fillUpTo(leftBytes: number): void {
    const file = openSync(filler(), 'a');
    try {
      while (freeBytes() > leftBytes)
        writeSync(file, Buffer.alloc(Math.max(4_096, Math.min(MIB, freeBytes() - leftBytes))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  async function start(minFreeMib: number): Promise<string> {
    const sets = ['sampler.quietMs=300', `bus.minFreeBytes=${minFreeMib * MIB}`, 'store.flushMs=200'];
    assay = await startAssayProcess({ data: data(), args: sets.flatMap((set) => ['--set', set]) });
    return assay.url;
  }

  async function get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`${assay!.url}${path}`);
    return { status: response.status, body: await response.text() };
  }

  /** Sends runs one after the other until it is stopped; each is sent until it is acknowledged. */
  function load(): { readonly delivered: Set<string>; stop(): Promise<void> } {
    const delivered = new Set<string>();
    const over = new AbortController();
    let next = 0;
    let stopping = false;
    const sender = async (): Promise<void> => {
      while (!stopping) {
        const number = next++;
        await deliver(() => assay!.url, agentRun({ number }), over.signal);
        delivered.add(traceIdOf(number));
        await new Promise((done) => setTimeout(done, PAUSE_MS));
      }
    };
    const senders = Array.from({ length: SENDERS }, sender);
    return {
      delivered,
      async stop() {
        stopping = true;
        await Promise.all(senders);
      },
    };
  }

  async function expectAll(delivered: ReadonlySet<string>): Promise<void> {
    const ask = async (): Promise<Partial<Report>> => {
      const { code, stdout, stderr } = await runAssay(['report', '--data', data(), '--json']);
      // The store may still be taking up what the full disk made it put off.
      if (code !== 0) expect(stderr).toMatch(/^assay: expected|the store/);
      return code === 0 ? (JSON.parse(stdout) as Report) : {};
    };
    await until(
      ask,
      ({ coverage }) => coverage?.received === delivered.size && coverage.open === 0 && coverage.pending === 0,
    );
    const listed = await runAssay(['traces', '--data', data(), '--limit', '100000', '--json']);
    const rows = JSON.parse(listed.stdout) as TraceRow[];
    expect(new Set(rows.map(({ traceId }) => traceId))).toEqual(delivered);
    expect(rows).toHaveLength(delivered.size);
  }

  it('is answered 503 before it is full, with readiness false and a metric, and all goes on when there is room', async () => {
    const url = await start(MIN_FREE_MIB);
    const running = load();
    const { delivered } = running;
    await until(
      async () => delivered.size,
      (size) => size > 20,
    );
    expect(await get('/readyz')).toEqual({ status: 200, body: 'ready\n' });

    fillUpTo((MIN_FREE_MIB / 2) * MIB);
    const unready = await until(
      () => get('/readyz'),
      ({ status }) => status === 503,
    );
    expect(unready.body).toMatch(
      /^not ready: expected at least bus\.minFreeBytes = 67108864 bytes free on the disk of/,
    );
    const refused = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(agentRun({ number: 1_000_000 })),
    });
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
    const metrics = (await get('/metrics')).body;
    expect(metrics).toMatch(/^assay_bus_refused_records_total\{reason="disk"\} [1-9]/m);
    expect(Number(/^assay_bus_disk_free_bytes (\S+)$/m.exec(metrics)?.[1])).toBeLessThan(MIN_FREE_MIB * MIB);
    // What was acknowledged is written on all the same: there is room for that.
    await expectAll(delivered);

    const before = delivered.size;
    rmSync(filler());
    await until(
      () => get('/readyz'),
      ({ status }) => status === 200,
    );
    await until(
      async () => delivered.size,
      (size) => size > before + 20,
    );
    await running.stop();
    await expectAll(delivered);
  }, 120_000);

  it('loses nothing when it is full to the last byte in the midst of all writes', async () => {
    await start(0);
    const running = load();
    const { delivered } = running;
    await until(
      async () => delivered.size,
      (size) => size > 20,
    );
    fillUpTo(0);
    const failed = /^assay_bus_refused_records_total\{reason="write"\} [1-9]/m;
    await until(
      () => get('/metrics'),
      ({ body }) => failed.test(body),
    );
    expect(assay!.child.exitCode).toBeNull();
    const before = delivered.size;
    rmSync(filler());
    await until(
      async () => delivered.size,
      (size) => size > before + 20,
    );
    await running.stop();
    await expectAll(delivered);
  }, 120_000);
});

import { afterEach, describe, expect, it } from 'vitest';
import { runAssay, spawnAssay, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { until } from '../helpers/until.js';

describe('assay run --health', { timeout: 60_000 }, () => {
  const running: AssayProcess[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  async function start(...roles: readonly string[]): Promise<string> {
    const args = ['--role', roles.join(','), '--health', '127.0.0.1:0'];
    const started = spawnAssay({ data: temporaryDirectory(), command: 'run', args });
    running.push(started);
    const url = await until(
      async () => /health on (http:\/\/[\d.:]+)/.exec(started.output())?.[1],
      (found) => found !== undefined,
    );
    return url!;
  }

  it.each([[['sample']], [['judge', 'write']], [['receive']]])(
    'answers probes and Prometheus in a process of the roles %s',
    async (roles) => {
      const url = await start(...roles);
      const ready = await fetch(`${url}/readyz`);
      expect([ready.status, await ready.text()]).toEqual([200, 'ready\n']);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      const metrics = await fetch(`${url}/metrics`);
      expect(metrics.headers.get('content-type')).toContain('text/plain');
      expect(await metrics.text()).toMatch(/^assay_\w+/m);
      const head = await fetch(`${url}/metrics?x=1`, { method: 'HEAD' });
      expect([head.status, await head.text()]).toEqual([200, '']);
    },
  );

  it('answers nothing else', async () => {
    const url = await start('sample');
    expect((await fetch(`${url}/v1/traces`)).status).toBe(404);
    const posted = await fetch(`${url}/metrics`, { method: 'POST', body: 'x' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('ends with one sentence where another process holds the port', async () => {
    const { port } = new URL(await start('sample'));
    const args = ['run', '--role', 'sample', '--health', `127.0.0.1:${port}`, '--data', temporaryDirectory()];
    const { code, stderr } = await runAssay(args);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`expected to listen on 127.0.0.1:${port}, but another process holds that port`);
    expect(stderr).toContain('--health HOST:PORT');
  });
});

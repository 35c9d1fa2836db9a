import { setTimeout as delay } from 'node:timers/promises';
import type { Report, RunningAssay } from '../app/index.js';
import type { Panel } from './panel.js';

/** How far the demo has come. Changed by the demo, read by the panel. */
export interface DemoProgress {
  stage: string;
  readonly planned: number;
  readonly truth: Map<string, { served: number; passed: number }>;
}

const POLL_MS = 1_000;
/** Rates cost the store more than counts do. */
const POLLS_A_REPORT = 3;

interface DisplayDeps {
  readonly panel: Panel;
  readonly assay: RunningAssay;
  readonly progress: DemoProgress;
  readonly nowMs: () => number;
}

/** Feeds the panel from the running Assay until it is stopped. */
export function showProgress(
  options: { readonly seed: number; readonly startedAtMs: number },
  deps: DisplayDeps,
): { stop(): Promise<void> } {
  const end = new AbortController();
  const loop = async () => {
    let releases: Report['releases'] = [];
    for (let poll = 0; !end.signal.aborted; poll += 1) {
      const status = await deps.assay.status();
      if (poll % POLLS_A_REPORT === 0) releases = (await deps.assay.queries.report()).releases;
      const { stage, planned, truth } = deps.progress;
      const served = [...truth.values()].reduce((sum, count) => sum + count.served, 0);
      const elapsedMs = deps.nowMs() - options.startedAtMs;
      deps.panel.show({ seed: options.seed, elapsedMs, stage, served, planned, status, releases });
      await delay(POLL_MS, undefined, { signal: end.signal }).catch(() => undefined);
    }
  };
  const running = loop();
  // A broken query is told when the display is stopped; until then it must not end the process.
  running.catch(() => undefined);
  return {
    async stop() {
      end.abort();
      await running;
    },
  };
}

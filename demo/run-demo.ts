import { loadConfig, startAssay, type LoadedConfig, type RunningAssay } from '../app/index.js';
import { buildDemoReport, type DemoReport } from './demo-report.js';
import type { DemoDirectory } from './demo-directory.js';
import { RELEASES } from './fleet/index.js';
import type { Panel } from './panel.js';
import { runFleetProcess, startModelProcess } from './processes.js';
import { judgeEverything } from './shadow.js';
import { showProgress, type DemoProgress } from './show-progress.js';

export interface DemoOptions {
  readonly seed: number;
  readonly tracesPerRelease: number;
  readonly directory: DemoDirectory;
}

export interface DemoDeps {
  readonly panel: Panel;
  /** Ends the demo early: the fleet finishes what it began, and Assay drains. */
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
}

const FLEET_CONCURRENCY = 16;
const JUDGE_MODEL = 'scripted-judge';
const FIRST_MODEL_PORT = 20_000;
const MODEL_PORTS = 10_000;

/**
 * Starts Assay embedded, sends it the fleet's two releases, waits until nothing is under way, and compares.
 * @returns undefined when it was ended early
 */
export async function runDemo(options: DemoOptions, deps: DemoDeps): Promise<DemoReport | undefined> {
  const startedAtMs = deps.nowMs();
  const model = await startModelProcess({ seed: options.seed, port: FIRST_MODEL_PORT + (options.seed % MODEL_PORTS) });
  let assay: RunningAssay | undefined;
  let onDeath: (error: Error) => void = () => undefined;
  const died = new Promise<never>((_, reject) => {
    onDeath = reject;
  });
  died.catch(() => undefined);
  try {
    const running = await startAssay({
      loaded: demoConfig(options, model.url),
      env: {},
      announce: (text) => {
        deps.panel.say(text);
      },
      onDeath,
    });
    assay = running;
    const stage = { options, deps, startedAtMs, modelUrl: model.url, assay: running };
    return await Promise.race([died, observe(stage)]);
  } finally {
    await assay?.stop();
    await model.stop();
  }
}

interface Stage {
  readonly options: DemoOptions;
  readonly deps: DemoDeps;
  readonly startedAtMs: number;
  readonly modelUrl: string;
  readonly assay: RunningAssay;
}

async function observe(stage: Stage): Promise<DemoReport | undefined> {
  const { options, deps, assay } = stage;
  const releases = Object.keys(RELEASES);
  const progress: DemoProgress = {
    stage: 'starting',
    planned: releases.length * options.tracesPerRelease,
    truth: new Map(releases.map((release) => [release, { served: 0, passed: 0 }])),
  };
  const display = showProgress({ seed: options.seed, startedAtMs: stage.startedAtMs }, { ...deps, assay, progress });
  try {
    for (const release of releases) {
      if (deps.signal.aborted) return undefined;
      progress.stage = `serving release ${release}`;
      await serve(release, progress, stage);
    }
    progress.stage = 'judging what is left';
    await assay.settled(deps.signal);
    if (deps.signal.aborted) return undefined;
    progress.stage = 'judging everything, beside the pipeline';
    const shadow = await judgeEverything(assay.queries, options.seed);
    const report = await assay.queries.report();
    return buildDemoReport({
      report,
      shadow,
      truth: progress.truth,
      seed: options.seed,
      tracesPerRelease: options.tracesPerRelease,
      dataDirectory: options.directory.shown,
      commands: await commands(assay, options.directory),
      durationMs: deps.nowMs() - stage.startedAtMs,
      peakRssBytes: process.resourceUsage().maxRSS * 1_024,
    });
  } finally {
    await display.stop();
  }
}

async function serve(release: string, progress: DemoProgress, stage: Stage): Promise<void> {
  const { seed, tracesPerRelease: traces } = stage.options;
  const fleet = { seed, release, traces, concurrency: FLEET_CONCURRENCY };
  await runFleetProcess(
    { ...fleet, otlpUrl: stage.assay.url, modelUrl: stage.modelUrl },
    (truths) => {
      const count = progress.truth.get(release) ?? { served: 0, passed: 0 };
      count.served += truths.length;
      count.passed += truths.filter(({ passed }) => passed).length;
      progress.truth.set(release, count);
    },
    stage.deps.signal,
  );
}

function demoConfig({ seed, directory }: DemoOptions, modelUrl: string): LoadedConfig {
  const judge = { provider: 'openai', model: JUDGE_MODEL, baseUrl: `${modelUrl}/v1`, apiKey: 'scripted' };
  return loadConfig({
    env: {},
    overrides: {
      dataDirectory: directory.path,
      log: { level: 'error' },
      collector: { http: { port: 0 } },
      sampler: { salt: `assay-demo-seed-${seed}`, pi: { suspected: 1, unsuspected: 0.08 } },
      judges: {
        // The plan is fixed: the cap is far above what it costs, so that the governor never lowers a probability.
        ...{ dailyBudgetUsd: 100, weeklyBudgetUsd: 100 },
        // One criterion, and no rubric of the folder that it is run in: one seed has one outcome everywhere.
        ...{ criteria: ['task-completion'], rubricsDirectory: '' },
      },
      models: { judge, prices: { [JUDGE_MODEL]: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 } } },
    },
  });
}

/** Three commands to try, the first on a failed trace that a judge has seen, else on any failed one. */
async function commands(assay: RunningAssay, directory: DemoDirectory): Promise<readonly string[]> {
  const failed = await assay.queries.traces({ only: 'failed', limit: 200 });
  const trace = failed.find(({ outcome }) => outcome === 'judged') ?? failed[0];
  const why = trace ? [`npx assay why ${trace.traceId}${directory.option}`] : [];
  return [...why, `npx assay traces --failed${directory.option}`, `npx assay report${directory.option}`];
}

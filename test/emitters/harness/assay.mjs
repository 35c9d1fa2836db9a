import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../../dist/app/main.js', import.meta.url));

/** The environment without keys of this machine, so that nothing but the scripted model is ever asked. */
export function cleanEnv(extra = {}) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(OPENAI|ANTHROPIC|OTEL|ASSAY|LANGFUSE|TRACELOOP|LANGCHAIN|LANGSMITH|MASTRA)_/.test(name),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/** Runs a program to its end, or to its limit, and gives what it printed. */
export async function run(args, { env = {}, cwd, limitMs }) {
  const child = spawn(process.execPath, args, { cwd, env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code, signal, stdout, stderr };
}

/** The real `assay up` on a data directory of its own, judged by the scripted model. */
export async function startAssay({ data, modelUrl }) {
  const settings = [
    'sampler.quietMs=1000',
    'sampler.pi.unsuspected=1',
    'models.judge.provider=openai',
    'models.judge.model=scripted-judge',
    `models.judge.baseUrl=${modelUrl}/v1`,
    'models.judge.apiKey=test-key',
    'models.prices.scripted-judge={inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5}',
  ];
  const args = [CLI, 'up', '--data', data, '--http', '127.0.0.1:0', ...settings.flatMap((set) => ['--set', set])];
  const child = spawn(process.execPath, args, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const ended = once(child, 'close');
  const url = await new Promise((resolve, reject) => {
    const look = (chunk) => {
      output += chunk;
      const found = /listens on (http:\/\/\S+)/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    void ended.then(() => reject(new Error(`assay up ended before it listened:\n${output}`)));
  });
  return {
    url,
    output: () => output,
    async ask(...command) {
      const asked = await run([CLI, ...command, '--data', data, '--json'], { limitMs: 30_000 });
      if (asked.code !== 0) throw new Error(`assay ${command.join(' ')}: ${asked.stderr}`);
      return JSON.parse(asked.stdout);
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

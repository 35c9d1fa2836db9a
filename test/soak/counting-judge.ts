import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { traceIdOf } from '../../bench/agent-run.js';
import { packageRoot } from '../../core/package-root.js';
import { startJudgeServer, type JudgeServer } from '../helpers/judge-server.js';

/** A scripted judge that remembers how often it was asked each question. */
export interface CountingJudge {
  readonly server: JudgeServer;
  /** Requests by `<trace id>/<criterion>`. */
  readonly requests: ReadonlyMap<string, number>;
  /** Requests that name no run or no question of a rubric; there must be none. */
  readonly unread: () => number;
}

/** @param latencyMs - how long each answer takes, so that calls are in flight when the process is killed */
export async function startCountingJudge(latencyMs: number): Promise<CountingJudge> {
  const criteria = questions();
  const requests = new Map<string, number>();
  let unread = 0;
  const server = await startJudgeServer();
  server.behave(({ prompt }) => {
    const run = /Please refund order ORD-\d+, customer (\d+)\./.exec(prompt)?.[1];
    const criterion = criteria.get(/"Question: ([^\\"]+)/.exec(prompt)?.[1] ?? '');
    if (run === undefined || criterion === undefined) unread += 1;
    else {
      const key = `${traceIdOf(Number(run))}/${criterion}`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
    }
    return { latencyMs };
  });
  return { server, requests, unread: () => unread };
}

/** Criteria of the built-in rubrics by what they ask. */
function questions(): ReadonlyMap<string, string> {
  const folder = join(packageRoot(), 'judges', 'rubrics');
  return new Map(
    readdirSync(folder).map((name) => {
      const rubric = parse(readFileSync(join(folder, name, 'rubric.yaml'), 'utf8')) as Record<string, string>;
      return [rubric['question']!, rubric['criterion']!];
    }),
  );
}

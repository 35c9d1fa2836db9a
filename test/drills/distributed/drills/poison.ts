import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { agentRun } from '../../../../bench/agent-run.js';
import type { LogRecord, Topic } from '../../../../core/log.js';
import { transcodeJson } from '../../../../core/otlp/transcode-json.js';
import type { DeadLetterList } from '../../../../app/index.js';
import { askAssay } from '../../../helpers/assay-process.js';
import { inWorld, settle } from '../conclude.js';
import type { Drill } from '../drill.js';
import { claim } from '../oracle.js';

const ROUNDS = { full: 20, short: 3 } as const;
const BETWEEN_MS = { full: 1_500, short: 1_000 } as const;
const TOPICS: readonly Topic[] = ['spans', 'logs', 'decisions', 'judgements', 'verdicts', 'spend'];

/** Records that nobody can read, among those of the load, on every topic that a role reads. */
export const poison: Drill = {
  name: 'poison',
  title: 'poison records on every topic',
  run: (deps) =>
    inWorld(deps, {}, async (world) => {
      const { load, log, fleet } = world;
      const sent: LogRecord[] = [];
      load.start(deps.spansPerSecond);
      for (let round = 0; round < ROUNDS[deps.form]; round += 1) {
        await delay(BETWEEN_MS[deps.form]);
        const records = TOPICS.flatMap(poisonOf);
        await log.append(records);
        sent.push(...records);
      }
      await delay(2_000);
      await load.drain(60_000);
      await settle(world);
      const data = fleet.of('write')[0]!.data;
      const { letters } = await askAssay<DeadLetterList>(data, 'dead-letters', 'list', '--limit', '10000');
      const expected = new Map(sent.map(({ topic, value }) => [sha256(value), topic]));
      const found = new Set(letters.map(({ sha256: hash }) => hash));
      const missing = [...expected].filter(([hash]) => !found.has(hash)).map(([, topic]) => topic);
      const strange = [...found].filter((hash) => !expected.has(hash));
      return {
        did: `${sent.length} records that nobody can read (${ROUNDS[deps.form]} rounds of cut, random, deeply nested and wrongly shaped ones on ${TOPICS.join(', ')}) among those of the load`,
        claims: [
          claim(
            'each of them has a dead letter, with its bytes, and nothing else has one',
            missing.length + strange.length,
            `${sent.length} poison records, ${found.size} dead letters${missing.length === 0 ? '' : `; missing on ${[...new Set(missing)].join(', ')}`}`,
          ),
        ],
      };
    }),
};

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Each is another one, so that it is known again in the dead letters. */
function poisonOf(topic: Topic): readonly LogRecord[] {
  const id = randomUUID();
  const values =
    topic === 'spans' || topic === 'logs'
      ? [cutRequest(), Buffer.concat([Buffer.from([0xff, 0xff, 0xff]), randomBytes(64)]), nestedGroups(id)]
      : [
          Buffer.from(`{"cut":"${id}`),
          Buffer.concat([Buffer.from([0xff]), randomBytes(64)]),
          Buffer.from(`${'['.repeat(20_000)}"${id}"${']'.repeat(20_000)}`),
          Buffer.from(JSON.stringify({ traceId: 5, id, decision: { traceId: 7 } })),
        ];
  return values.map((value) => ({
    topic,
    key: randomBytes(16).toString('hex'),
    value,
    headers: { 'assay.tenant': 'default' },
  }));
}

/** A request that ends in the middle of a span. */
function cutRequest(): Uint8Array {
  const whole = transcodeJson(
    Buffer.from(JSON.stringify(agentRun({ number: 10_000_000 + randomBytes(3).readUIntBE(0, 3) }))),
  );
  return Uint8Array.from(whole.subarray(0, whole.length - 17));
}

/** Resource spans in resource spans, without end: each level says that it is longer than what there is. */
function nestedGroups(id: string): Uint8Array {
  return Buffer.concat([Buffer.from(Array.from({ length: 2_000 }, () => [0x0a, 0x7f]).flat()), Buffer.from(id)]);
}

import { inject } from 'vitest';
import type { Log } from '../../../core/log.js';
import { describeLog } from '../../contracts/log.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;

describeLog(
  'the log on Kafka',
  async () => {
    const { plain } = inject('broker');
    const config = kafkaSettings(plain);
    await makeTopics(config, plain);
    const logs: Log[] = [];
    return {
      async open() {
        const log = await openLog(config);
        logs.push(log);
        return log;
      },
      async dispose() {
        await Promise.all(logs.map((log) => log.stop(never)));
        await removeTopics(config, plain);
      },
    };
  },
  { keepsOrderAcrossKeys: false, erases: false, largestValueBytes: 1_000_000 },
);

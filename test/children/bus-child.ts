import { busConfig, createLmdbLog } from '../../bus/index.js';
import { systemClock } from '../../core/clock.js';
import { armFaultPoint } from '../../core/fault-points.js';
import type { Log, LogRecord, Topic } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';

/**
 * A thread or process that works on a bus by itself. Arguments: `<directory> <command> …`.
 * - `append <topic> <name> <count> <valueBytes>`: appends `<name>:0`, `<name>:1`, … one by one; prints `ok <value>` or
 *   `refused <code> <value>` after each.
 * - `flood <topic> <count> <records> <valueBytes>`: so many appends of so many records, each
 *   smaller than the one before; prints `ok` or `refused <code>`.
 * - `drain <topic> <group> <count>`: reads and commits, prints each value.
 * Values are padded with dots up to `valueBytes`. FAULT_POINT in the environment arms one.
 */
const never = new AbortController().signal;
const [directory = '', command = '', ...rest] = process.argv.slice(2);

function say(line: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${line}\n`, () => {
      resolve();
    });
  });
}

async function append(log: Log): Promise<void> {
  const [topic, name = '', count, ...sizes] = rest;
  for (let index = 0; index < Number(count); index += 1) {
    const value = `${name}:${index}`;
    const bytes = Buffer.from(value.padEnd(Number(sizes[index % sizes.length] ?? 0), '.'));
    try {
      await log.append([{ topic: topic as Topic, key: name, value: bytes }]);
      await say(`ok ${value}`);
    } catch (error) {
      await say(`refused ${(error as { code?: string }).code ?? String(error)} ${value}`);
    }
  }
}

async function flood(log: Log): Promise<void> {
  const [topic, ...numbers] = rest;
  const [count = 0, records = 0, valueBytes = 0] = numbers.map(Number);
  const recordOf = (index: number): LogRecord => {
    const value = Buffer.alloc(Math.ceil(valueBytes / (1 + index)));
    return { topic: topic as Topic, key: 'k', value };
  };
  for (let index = 0; index < count; index += 1) {
    const appended = log.append(Array.from({ length: records }, (_, at) => recordOf((index + at) % records)));
    await say(
      await appended.then(
        () => 'ok',
        (error: unknown) => `refused ${(error as { code?: string }).code ?? String(error)}`,
      ),
    );
  }
}

async function drain(log: Log): Promise<void> {
  const [topic, group = '', count] = rest;
  const reader = log.reader(topic as Topic, group);
  for (let seen = 0; seen < Number(count);) {
    const records = await reader.poll({ maxRecords: 100, maxBytes: 2 ** 24, waitMs: 1_000 }, never);
    for (const { value } of records) await say(Buffer.from(value).toString().replace(/\.+$/, ''));
    const last = records.at(-1);
    if (last !== undefined) await reader.commit(last.partition, last.offset + 1);
    seen += records.length;
  }
}

if (process.env.FAULT_POINT !== undefined) armFaultPoint(process.env.FAULT_POINT);
const log = createLmdbLog(
  { directory, ...busConfig.parse({}) },
  { clock: systemClock, logger: silentLogger, metrics: noMetrics },
);
await log.start(never);
const commands: Readonly<Record<string, (log: Log) => Promise<void>>> = { append, flood, drain };
await commands[command]?.(log);
await log.stop(never);

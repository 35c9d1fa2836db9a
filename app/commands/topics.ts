import type { Command } from 'commander';
import type { TopicState } from '../../bus/index.js';
import { PipelineError } from '../../core/errors.js';
import { paintFor, type Paint } from '../render/format.js';
import { EXIT } from './exit-codes.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

const EXAMPLES =
  '\nExamples:\n  assay topics list --config assay.yaml\n  assay topics create --set bus.kafka.brokers=[kafka-1:9092]\n  assay topics create --set bus.kafka.brokers=[127.0.0.1:9092] --set bus.kafka.replicationFactor=1 --set bus.kafka.minInsyncReplicas=1\n' +
  '\nNothing is ever changed or deleted: what differs from the settings is named, for you to change with Kafka’s own tools.\nExit codes: 0 all topics are as the settings say, 1 some are missing or differ, 2 usage, 3 Kafka was out of reach or refused.';

/** `assay topics`: the topics of Assay on Kafka. */
export function addTopics(program: Command, terminal: Terminal): void {
  const topics = program
    .command('topics')
    .description('The topics of Assay on Kafka: look at them, make them.')
    .addHelpText('after', EXAMPLES);
  const add = (task: 'list' | 'create', description: string): void => {
    withConfigOptions(topics.command(task).description(description))
      .option('--json', 'print JSON')
      .addHelpText('after', EXAMPLES)
      .action(async (options: CommonOptions) => {
        process.exitCode = await manage(task, options, terminal);
      });
  };
  add('list', 'Say of each topic whether it is there, and as the settings say.');
  add('create', 'Make the topics that are missing.');
}

async function manage(task: 'list' | 'create', options: CommonOptions, terminal: Terminal): Promise<number> {
  const { bus } = configOf(options, terminal).config;
  if (bus.kafka === undefined) {
    throw new PipelineError(
      'CONFIG_INVALID',
      'expected bus.kafka.brokers, since only Kafka has topics to look at, found none; set it, or leave topics alone: the embedded bus makes its own',
    );
  }
  const { manageTopics } = await import('../../bus/index.js');
  const { hours: retentionHours, deadLetters } = bus.retention;
  const states = await manageTopics(task, { kafka: bus.kafka, retentionHours, deadLetterHours: deadLetters.hours });
  const text =
    options.json === true
      ? JSON.stringify({ topics: states }, undefined, 2)
      : renderTopics(states, paintFor(terminal.stdout, terminal.env));
  terminal.stdout.write(`${text}\n`);
  return states.every(({ status }) => status === 'ok' || status === 'created') ? EXIT.held : EXIT.notHeld;
}

/** One line a topic, and one below for each thing that differs. */
export function renderTopics(states: readonly TopicState[], paint: Paint): string {
  const width = Math.max(...states.map(({ name }) => name.length));
  return states
    .flatMap(({ name, status, differences }) => {
      const isWell = status === 'ok' || status === 'created';
      const title = `${name.padEnd(width)}  ${isWell ? paint.green(status) : paint.red(status)}`;
      return [
        title,
        ...differences.map(({ setting, expected, found }) => `  ${setting}: expected ${expected}, found ${found}`),
      ];
    })
    .join('\n');
}

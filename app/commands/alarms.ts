import { userInfo } from 'node:os';
import { InvalidArgumentError, type Command } from 'commander';
import { renderAlarm, renderAlarms, renderTest } from '../render/alarms.js';
import { EXIT } from './exit-codes.js';
import { printQuery, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

const EXAMPLES =
  '\nExamples:\n  assay alarms list --open\n  assay alarms show 3f9a01bc\n  assay alarms ack 3f9a01bc --by ana\n  assay alarms test on-call';
const MORE =
  '\n\nAn alarm has one id for its whole life, whatever it measured and whenever. Channels are those of notify.channels in the settings.';

/** `assay alarms`: what fires, what it rests on, and who was told. */
export function addAlarms(program: Command, terminal: Terminal): void {
  const alarms = program
    .command('alarms')
    .description('Alarms: which fire, what they rest on, who was told; acknowledge one, or test a channel.')
    .addHelpText('after', EXAMPLES + MORE);
  addList(alarms, terminal);
  addShow(alarms, terminal);
  addAcknowledge(alarms, terminal);
  addTest(alarms, terminal);
}

function addList(alarms: Command, terminal: Terminal): void {
  withConfigOptions(alarms.command('list').description('List alarms, the newest first.'))
    .option('--open', 'only those that are not resolved')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay alarms list --open\n  assay alarms list --json | jq length')
    .action(async (options: CommonOptions & { readonly open?: boolean }) => {
      await printQuery(options, terminal, {
        async ask(queries) {
          const all = await queries.alarms();
          return options.open === true ? all.filter(({ state }) => state !== 'resolved') : all;
        },
        render: renderAlarms,
      });
    });
}

function addShow(alarms: Command, terminal: Terminal): void {
  withConfigOptions(alarms.command('show').description('Tell what an alarm rests on, its steps, and who was told.'))
    .argument('<id>', 'as assay alarms list shows it, or the beginning of it', alarmId)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay alarms show 3f9a01bc\n  assay alarms show 3f9a01bc --json | jq .steps')
    .action(async (id: string, options: CommonOptions) => {
      await printQuery(options, terminal, { ask: (queries) => queries.alarm(id), render: renderAlarm });
    });
}

function addAcknowledge(alarms: Command, terminal: Terminal): void {
  withConfigOptions(
    alarms.command('ack').description('Say that somebody has seen an alarm: channels that know such a thing are told.'),
  )
    .argument('<id>', 'as assay alarms list shows it, or the beginning of it', alarmId)
    .option('--by <name>', 'who has seen it', userName())
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  assay alarms ack 3f9a01bc --by ana')
    .action(async (id: string, options: CommonOptions & { readonly by: string }) => {
      await printQuery(options, terminal, {
        ask: (queries) => queries.acknowledgeAlarm(id, options.by),
        render: ({ alarmId: acknowledged }, paint) =>
          `${paint.bold(acknowledged)} is acknowledged by ${options.by}; it is still watched, and resolves when the data says so`,
      });
    });
}

function addTest(alarms: Command, terminal: Terminal): void {
  withConfigOptions(alarms.command('test').description('Send a test alarm and its end to one channel.'))
    .argument('<channel>', 'a name of notify.channels')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay alarms test on-call --config assay.yaml\n\nExit codes: 0 the channel took both, 1 it did not, 2 usage.',
    )
    .action(async (channel: string, options: CommonOptions) => {
      const { status } = await printQuery(options, terminal, {
        ask: (queries) => queries.testChannel(channel),
        render: (result, paint) => renderTest(channel, result, paint),
      });
      if (status !== 'taken') process.exitCode = status === 'unknown' ? EXIT.usage : EXIT.notHeld;
    });
}

function alarmId(text: string): string {
  if (!/^[0-9a-f]{4,32}$/.test(text))
    throw new InvalidArgumentError('expected 4 to 32 hex digits, as assay alarms list shows them.');
  return text;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}

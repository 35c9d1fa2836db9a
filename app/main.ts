#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../core/package-root.js';
import { addConfig } from './commands/config-command.js';
import { addAdversarial } from './commands/adversarial.js';
import { addAlarms } from './commands/alarms.js';
import { addDeadLetters } from './commands/dead-letters.js';
import { addDoctor } from './commands/doctor.js';
import { addErase } from './commands/erase.js';
import { exitCodeOf, EXIT } from './commands/exit-codes.js';
import { addGate } from './commands/gate.js';
import { addJudge } from './commands/judge-command.js';
import { addLabel } from './commands/label.js';
import { addReport, addTraces, addWhy } from './commands/query-commands.js';
import { addRubric } from './commands/rubric-command.js';
import type { Terminal } from './commands/shared.js';
import { addStore } from './commands/store-command.js';
import { addTopics } from './commands/topics.js';
import { addRun, addUp } from './commands/up.js';

const { stdin, stdout, stderr, env } = process;
const terminal: Terminal = { stdin, stdout, stderr, env };
const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string };

const program = new Command('assay')
  .description('Tells whether your LLM agent works in production, and whether the last release made it worse.')
  .version(version)
  .showHelpAfterError('(see --help)')
  .addHelpText(
    'after',
    '\nExamples:\n  assay up                      start here, listening on 127.0.0.1:4318\n  assay report                  pass rate per release, coverage, spend\n  assay traces --failed         what went wrong lately\n  assay why <trace id>          the whole story of one trace\n  assay gate --baseline 1.0 --candidate 1.1    is the new release worse?\n  assay judge <trace id>        judge it now; --dry-run shows prompt and cost\n  assay label                   say yourself whether a trace passed: the few that tell most\n  assay rubric new <name>       write a criterion of your own\n  assay doctor                  is this machine ready, is a span understood?\n\nExit codes: 0 held, 1 did not hold, 2 usage or configuration, 3 a dependency was out of reach.',
  )
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? EXIT.held : EXIT.usage);
  });
addUp(program, terminal);
addRun(program, terminal);
addWhy(program, terminal);
addTraces(program, terminal);
addReport(program, terminal);
addGate(program, terminal);
addJudge(program, terminal);
addLabel(program, terminal);
addRubric(program, terminal);
addDoctor(program, terminal);
addErase(program, terminal);
addStore(program, terminal);
addTopics(program, terminal);
addAlarms(program, terminal);
addAdversarial(program, terminal);
addDeadLetters(program, terminal);
addConfig(program, terminal);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`assay: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCodeOf(error));
}

import { DISK_MIB, MIN_FREE_MIB, type DiskDrill } from './disk-drill.js';
import type { KillDrill } from './kill-drill.js';
import { countByPoint, type Fault } from './kill-schedule.js';
import { markdownTable, type Section } from './report.js';

/** What each fault point is, in words. */
const MEANING: Readonly<Record<string, string>> = {
  'judge-after-reply': 'between reply and verdict',
  'writer-after-insert': 'between insert and commit',
  'bus-append-before-flush': 'inside a flush',
  'bus-append-after-flush': 'flushed, not yet acknowledged',
  'sampler-after-append': 'decided, the index of decided traces not yet written',
  'sampler-before-commit': 'decided, offset not yet moved',
  'judge-after-reserve': 'money set aside, call going out',
  'judge-after-verdict': 'verdict on the bus, judgement not yet finished',
  'writer-before-insert': 'block logged, not yet inserted',
  'publisher-before-commit': 'verdict sent on, offset not yet moved',
};

export function killSection(drill: KillDrill, faults: readonly Fault[]): Section {
  const { answers, runs, lives, claims } = drill;
  const points = [...countByPoint(faults)].sort(([, a], [, b]) => b - a);
  const seconds = lives.map(({ tookMs }) => tookMs / 1_000).sort((a, b) => a - b);
  return {
    title: 'kill -9 under load',
    text: [
      `${faults.length} kills by SIGKILL at named fault points, ${runs} agent runs of 4 spans from three senders at once (HTTP JSON, HTTP`,
      'protobuf with gzip, gRPC), some in two requests, that retry as the exporters do. The model is scripted: a local server that',
      'speaks the OpenAI protocol, answers every question with pass, and counts. The oracle reads the store after the last Assay has ended.',
      '',
      markdownTable(
        ['fault point', 'which is', 'kills'],
        points.map(([point, kills]) => [`\`${point}\``, MEANING[point] ?? '', String(kills)]),
      ),
      '',
      `Answers to the senders: ${answers.acknowledged} acknowledged, ${answers.refused} refused or not connected, ${answers.unknown} without an answer.`,
      `${lives.filter(({ early }) => early).length} of the lives were killed at the first chance, as early as while taking up what the last one left; the others`,
      `once they had acknowledged again, ${Math.min(...lives.filter(({ early }) => !early).map(({ acknowledged }) => acknowledged))} requests or more.`,
      `A life, from start to kill: ${seconds[0]?.toFixed(1)} to ${seconds.at(-1)?.toFixed(1)} s, median ${seconds[Math.floor(seconds.length / 2)]?.toFixed(1)} s.`,
    ].join('\n'),
    claims,
  };
}

export function diskSection({ answers, runs, fills, claims }: DiskDrill): Section {
  return {
    title: 'a disk that fills up, under load and kills',
    text: [
      `The data directory on a file system of ${DISK_MIB} MiB (tmpfs) that was filled ${fills.length} times from outside, to half of bus.minFreeBytes =`,
      `${MIN_FREE_MIB} MiB or to the last byte, held full until senders were refused and for a while after, and given room again. The same`,
      `senders, scripted model and oracle as under kills; ${runs} agent runs. Where the process ended it was started again, also while the disk was full.`,
      '',
      markdownTable(
        ['filled to', 'kill -9', 'full for, s', 'acknowledged meanwhile', 'starts that failed for want of room'],
        fills.map((fill) => [
          fill.to,
          fill.killed,
          (fill.fullMs / 1_000).toFixed(1),
          String(fill.acknowledgedWhileFull),
          String(fill.failedStarts),
        ]),
      ),
      '',
      `Answers to the senders: ${answers.acknowledged} acknowledged, ${answers.refused} refused or not connected, ${answers.unknown} without an answer.`,
    ].join('\n'),
    claims,
  };
}

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { replaceSection } from '../../bench/results.js';
import { packageRoot } from '../../core/package-root.js';
import type { Claim } from './oracle.js';

const INTRO =
  '# Soak\n\nWritten by `npm run test:soak` itself: one section for each part, replaced by the next run of that part.\n';
const GIB = 2 ** 30;

/** One part of a soak, as it goes into the report. */
export interface Section {
  readonly title: string;
  /** Markdown. */
  readonly text: string;
  readonly claims: readonly Claim[];
}

/** The section's Markdown, with what it was measured on. */
export function renderSection({ text, claims }: Section, command: string): string {
  return [facts(command), text, claimTable(claims)].join('\n\n');
}

/** Puts a section into docs/evidence/soak.md. */
export function writeEvidence(section: Section, command: string): void {
  const path = join(packageRoot(), 'docs', 'evidence', 'soak.md');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : INTRO;
  writeFileSync(path, replaceSection(before, section.title, `${renderSection(section, command)}\n`));
}

export function claimTable(claims: readonly Claim[]): string {
  const rows = claims.map(({ text, holds, figures }) => [text, holds ? 'held' : '**broken**', figures]);
  return markdownTable(['what must hold', '', 'figures'], rows);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function facts(command: string): string {
  const memory = Math.round(totalmem() / GIB);
  return [
    `- command: \`${command}\``,
    `- Assay ${versionOf('.')}, chdb ${versionOf('node_modules/chdb')}, lmdb ${versionOf('node_modules/lmdb')}, Node ${process.version}`,
    `- ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB; senders, scripted model and Assay share them`,
  ].join('\n');
}

function versionOf(folder: string): string {
  const manifest = readFileSync(join(packageRoot(), folder, 'package.json'), 'utf8');
  return String((JSON.parse(manifest) as { readonly version: unknown }).version);
}

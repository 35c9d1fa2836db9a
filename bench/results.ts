import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.js';

const INTRO = '# Results\n\nWritten by the benchmarks themselves: one section each, replaced by the next run.\n';

/** Puts a section into bench/RESULTS.md, in place of the former one of that title, and says where it was measured. */
export function writeSection(title: string, command: string, body: string): void {
  const path = join(packageRoot(), 'bench', 'RESULTS.md');
  const before = existsSync(path) ? readFileSync(path, 'utf8') : INTRO;
  const machine = cpus();
  const processor = machine[0]?.model ?? 'unknown processor';
  const facts = [
    `- command: \`${command}\``,
    `- Node ${process.version}, ${process.platform} ${process.arch}, ${machine.length} × ${processor}`,
  ];
  writeFileSync(path, replaceSection(before, title, `${facts.join('\n')}\n\n${body.trimEnd()}\n`));
}

/** @returns the file with that section replaced, or added at its end; one empty line between sections */
export function replaceSection(file: string, title: string, body: string): string {
  const [intro = '', ...sections] = file.split(/^(?=## )/m);
  const heading = `## ${title}\n`;
  const text = `${heading}\n${body}`;
  const found = sections.some((section) => section.startsWith(heading));
  const replaced = sections.map((section) => (section.startsWith(heading) ? text : section));
  return [intro, ...replaced, ...(found ? [] : [text])].map((part) => `${part.trimEnd()}\n`).join('\n');
}

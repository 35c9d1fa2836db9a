import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Compiles the files of these folders, as they are now, into a new directory outside the checkout, so that a test can run
 * them in a thread or a process of their own. Needs no build.
 *
 * @param folders - relative to the checkout; their own files and those of folders inside
 * @returns the directory, which the caller removes
 */
export function transpile(folders: readonly string[]): string {
  const out = mkdtempSync(join(tmpdir(), 'assay-transpiled-'));
  symlinkSync(join(root, 'node_modules'), join(out, 'node_modules'));
  writeFileSync(join(out, 'package.json'), '{"type":"module"}');
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
      const target = join(out, folder, name.replace(/\.ts$/, '.js'));
      if (!existsSync(dirname(target))) mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, toJavaScript(readFileSync(join(root, folder, name), 'utf8')));
    }
  }
  return out;
}

function toJavaScript(source: string): string {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}

/**
 * A guide as it can be followed: its code blocks, in order.
 *
 *     ```sh                   run in the folder, as typed into one terminal
 *     ```sh background        started in a terminal of its own, and left running until the end
 *     ```js agent.mjs         written to that file (any language, when a file name follows)
 *     ```text output          must be in what the block before it printed: each line in this order, `…` stands for anything
 *
 * Any other block is not followed.
 */
export function readPage(markdown) {
  const blocks = [];
  for (const match of markdown.matchAll(/^( *)```(\w+)(?: +([^\n]+))?\n([\s\S]*?)^\1```$/gm)) {
    const [, indent, language, note = '', body] = match;
    const text = body.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
    if (language === 'sh') blocks.push({ kind: note === 'background' ? 'background' : 'run', text });
    else if (language === 'text' && note === 'output') blocks.push({ kind: 'output', text });
    else if (/^[\w./-]+\.\w+$/.test(note)) blocks.push({ kind: 'file', name: note, text });
  }
  return blocks;
}

/**
 * The first line of a sample that is not in an output, after those before it.
 * @returns undefined when all are there
 */
export function missingLine(sample, output) {
  const lines = output
    .replaceAll(/\u001b\[[0-9;]*m/g, '')
    .split('\n')
    .map(squeezed);
  let from = 0;
  for (const wanted of sample
    .split('\n')
    .map(squeezed)
    .filter((line) => line !== '' && line !== '…')) {
    const pattern = new RegExp(wanted.split('…').map(escaped).join('.*'), 'u');
    const found = lines.findIndex((line, at) => at >= from && pattern.test(line));
    if (found === -1) return wanted;
    from = found + 1;
  }
  return undefined;
}

function squeezed(line) {
  return line.trim().replaceAll(/\s+/g, ' ');
}

function escaped(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadConfig } from '../../app/index.js';
import { readConfirmOptions, readModelOptions } from '../../models/index.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/confirmed-fails.yaml', import.meta.url));
const guide = readFileSync(new URL('../../docs/guides/confirmed-fails.md', import.meta.url), 'utf8');

it('the example of confirmed fails names two judges that can be asked', () => {
  const env = { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o' };
  const { config } = loadConfig({ file: EXAMPLE, env });
  expect(readModelOptions(config.models, env)).toMatchObject({ provider: 'anthropic', name: 'claude-haiku-5-5' });
  expect(readConfirmOptions(config.models, env)).toMatchObject({ provider: 'openai', name: 'gpt-6-sol' });
  expect(config.judges.confirm).toEqual(loadConfig({ env }).config.judges.confirm);
});

it('the block of its guide is the example', () => {
  const blocks = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, block]) => block);
  expect(blocks).toEqual([readFileSync(EXAMPLE, 'utf8')]);
});

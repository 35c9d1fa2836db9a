import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { loadConfig } from '../../app/index.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/verdicts-out.yaml', import.meta.url));
const guide = readFileSync(new URL('../../docs/guides/verdicts-out.md', import.meta.url), 'utf8');

it('the example of publishing verdicts is a valid configuration, its token a secret', () => {
  const { config } = loadConfig({ file: EXAMPLE, env: { BACKEND_TOKEN: 'sesame' } });
  for (const section of [config.publish, config.telemetry]) {
    expect(section.endpoint).toBe('https://otlp.example.com');
    expect(section.headers.authorization?.reveal()).toBe('Bearer sesame');
  }
  expect(JSON.stringify(config)).not.toContain('sesame');
});

it('the blocks of its guide are parts of the example', () => {
  const blocks = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, block]) => block);
  expect(blocks).toHaveLength(2);
  const example = readFileSync(EXAMPLE, 'utf8');
  for (const block of blocks) expect(example).toContain(block);
});

it.each([
  ['publish', 'http://localhost:4318'],
  ['publish', 'http://127.0.0.1:4318/v1/logs'],
])('a %s.endpoint of %s, where Assay itself listens, is refused by name', (section, endpoint) => {
  const load = () => loadConfig({ sets: [`${section}.endpoint=${endpoint}`], env: {} });
  expect(load).toThrow(/publish\.endpoint: expected another receiver than Assay/);
});

it('a header that is no text is refused without being shown', () => {
  const load = () => loadConfig({ sets: ['publish.headers={x-api-key: 12345678}'], env: {} });
  expect(load).toThrow(/publish\.headers\.x-api-key: expected a string, got a hidden value/);
});

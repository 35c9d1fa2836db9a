import { defineConfig } from 'vitest/config';

/** Of `npm run test:kafka`: it fetches and starts a real broker, which needs Java and Maven. */
export default defineConfig({
  test: {
    include: ['test/services/kafka/**/*.test.ts'],
    globalSetup: ['test/services/kafka/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
  },
});

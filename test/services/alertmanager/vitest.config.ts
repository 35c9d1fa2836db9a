import { defineConfig } from 'vitest/config';

/** Of `npm run test:alertmanager`: it starts a real Prometheus and Alertmanager, and fetches them where apt-get can. */
export default defineConfig({
  test: {
    include: ['test/services/alertmanager/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
  },
});

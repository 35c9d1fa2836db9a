import { defineConfig } from 'vitest/config';

/** Of `npm run test:package`: it installs the package as a user does, which takes longer than the other tests may. */
export default defineConfig({
  test: {
    include: ['test/package/pack.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 600_000,
    pool: 'forks',
  },
});

import { it } from 'vitest';

// Said where the results are read, so that who runs the tests learns that they are not all of them.
it('Alertmanager and Prometheus', (context) => {
  console.warn(
    'The tests with a real Alertmanager and Prometheus were not run: npm run test:alertmanager does, with those of Debian.',
  );
  context.skip();
});

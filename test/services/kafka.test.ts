import { it } from 'vitest';

// Said where the results are read, so that who runs the tests learns that they are not all of them.
it('Kafka', (context) => {
  console.warn(
    'The Kafka tests were not run: they take a real broker. npm run test:kafka fetches one (Java 17, Maven).',
  );
  context.skip();
});

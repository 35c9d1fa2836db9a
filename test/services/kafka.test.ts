import { it } from 'vitest';

// Named here so that who runs the tests learns that they are not all of them.
it.skip('Kafka: not run here, since it takes a real broker; npm run test:kafka fetches one (Java 17 or newer, Maven)');

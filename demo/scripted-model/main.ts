import { z } from 'zod';
import { createScriptedModel } from './server.js';

const options = z.strictObject({
  seed: z.int(),
  port: z.int().min(0).max(65_535).optional(),
  latencyMs: z.number().nonnegative().optional(),
});

/** The scripted model as a process of its own: options as JSON in the first argument, `{ url }` to the parent when it listens. */
const { seed, port, latencyMs } = options.parse(JSON.parse(process.argv[2] ?? '{}'));
const model = createScriptedModel({
  seed,
  ...(port === undefined ? {} : { port }),
  ...(latencyMs === undefined ? {} : { latencyMs }),
});
const { signal } = new AbortController();

// The terminal sends an interrupt to the whole group; the parent says when this one may end.
process.on('SIGINT', () => undefined);
process.once('SIGTERM', () => {
  if (process.connected) process.disconnect();
  else void model.stop(signal);
});
process.once('disconnect', () => {
  void model.stop(signal);
});

await model.start(signal);
process.send?.({ kind: 'listening', url: model.url });

import { z } from 'zod';
import { busConfig } from '../bus/config.js';
import { collectorConfig } from '../collector/config.js';
import { judgesConfig } from '../judges/config.js';
import { modelsConfig } from '../models/config.js';
import { samplerConfig } from '../sampler/config.js';
import { storeConfig } from '../store/config.js';

/** All settings of Assay: one section a folder, each documented and defaulted in that folder's own `config.ts`. */
export const assayConfig = z.strictObject({
  dataDirectory: z
    .string()
    .min(1)
    .default('.assay')
    .describe('Folder that holds the bus, the store and the control socket.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('warn')
        .describe('Least severe line that is logged to stderr, as JSON.'),
    })
    .prefault({}),
  collector: collectorConfig.prefault({}),
  bus: busConfig.prefault({}),
  sampler: samplerConfig.prefault({}),
  judges: judgesConfig.prefault({}),
  models: modelsConfig.prefault({}),
  store: storeConfig.prefault({}),
});

export type AssayConfig = z.output<typeof assayConfig>;

/** What a user wrote, not yet checked: plain data that can cross to another thread. */
export type RawConfig = Readonly<Record<string, unknown>>;

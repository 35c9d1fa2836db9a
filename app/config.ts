import { z } from 'zod';
import { busConfig } from '../bus/config.js';
import { collectorConfig } from '../collector/config.js';
import { gatesConfig } from '../gates/config.js';
import { labelsConfig } from './labels/config.js';
import { judgesConfig } from '../judges/config.js';
import { modelsConfig } from '../models/config.js';
import { notifierConfig } from '../notifier/config.js';
import { publisherConfig } from '../publisher/config.js';
import { samplerConfig } from '../sampler/config.js';
import { storeConfig } from '../store/config.js';
import { isOwnAddress } from './own-address.js';
import { telemetryConfig } from './telemetry/config.js';

const sections = z.strictObject({
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
  health: z
    .strictObject({
      host: z.string().min(1).default('127.0.0.1').describe('Address to listen on for /healthz, /readyz and /metrics.'),
      port: z
        .int()
        .min(0)
        .max(65_535)
        .optional()
        .describe('Its port. Unset: they are on `collector.http` alone, in a process that receives.'),
    })
    .prefault({}),
  collector: collectorConfig.prefault({}),
  bus: busConfig.prefault({}),
  sampler: samplerConfig.prefault({}),
  judges: judgesConfig.prefault({}),
  labels: labelsConfig.prefault({}),
  models: modelsConfig.prefault({}),
  store: storeConfig.prefault({}),
  publish: publisherConfig.prefault({}),
  gates: gatesConfig.prefault({}),
  notify: notifierConfig.prefault({}),
  telemetry: telemetryConfig.prefault({}),
});

/** All settings of Assay: one section a folder, each documented and defaulted in that folder's own `config.ts`. */
export const assayConfig = sections.superRefine(({ bus, sampler, judges, store, collector, publish }, context) => {
  const busHours = bus.retention.hours;
  const { indexHours } = sampler;
  const { journalRetentionHours } = judges;
  const refuse = (path: readonly string[], message: string): void => {
    context.addIssue({ code: 'custom', path: [...path], message });
  };
  // What the bus can deliver again has to be known still, or it is decided, or paid for, a second time.
  if (indexHours <= busHours)
    refuse(['sampler', 'indexHours'], `expected more than bus.retention.hours (${busHours}), got ${indexHours}`);
  if (journalRetentionHours < busHours) {
    refuse(
      ['judges', 'journalRetentionHours'],
      `expected at least bus.retention.hours (${busHours}), got ${journalRetentionHours}`,
    );
  }
  // Late spans make a new version of a trace whose earlier spans are read back.
  const storeHours = store.retention.days * 24;
  const [longest, name] =
    indexHours > busHours ? [indexHours, 'sampler.indexHours'] : [busHours, 'bus.retention.hours'];
  if (storeHours !== 0 && storeHours <= longest) {
    refuse(
      ['store', 'retention', 'days'],
      `expected more than ${name} (${longest} h), or 0 to keep everything, got ${store.retention.days} (${storeHours} h)`,
    );
  }
  if (publish.endpoint !== undefined && isOwnAddress(publish.endpoint, collector.http)) {
    refuse(
      ['publish', 'endpoint'],
      "expected another receiver than Assay, got Assay's own address: its verdicts are in its store already",
    );
  }
});

export type AssayConfig = z.output<typeof assayConfig>;

/** What a user wrote, not yet checked: plain data that can cross to another thread. */
export type RawConfig = Readonly<Record<string, unknown>>;

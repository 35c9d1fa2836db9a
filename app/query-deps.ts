import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';
import type { Model } from '../core/model.js';
import type { StoreReader } from '../store/index.js';
import type { AssayConfig } from './config.js';

/** What queries are answered from. */
export interface QueryDeps {
  readonly reader: StoreReader;
  readonly log: Log;
  readonly config: AssayConfig;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** The model that would judge. @throws {PipelineError} CONFIG_INVALID, MODEL_UNPRICED */
  readonly model: () => Promise<Model | undefined>;
  /** The model that would be asked about its fails. @throws {PipelineError} CONFIG_INVALID, MODEL_UNPRICED */
  readonly confirm: () => Promise<Model | undefined>;
}

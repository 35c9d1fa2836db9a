import type { Topic } from '../core/log.js';
import type { Environment } from './environment.js';
import type { Tables } from './tables.js';

interface Rename {
  readonly topic: Topic;
  readonly from: string;
  readonly to: string;
}

const RENAMED: readonly Rename[] = [{ topic: 'decisions', from: 'sample-index', to: 'sample' }];

/**
 * Gives groups of an earlier version the name that they have now. Nothing is removed that a group has not committed, so one that
 * nobody reads for any more would keep its topic for ever.
 */
export async function renameGroups(environment: Environment, tables: Tables): Promise<void> {
  tables.refresh();
  const old = RENAMED.filter(({ topic, from }) => tables.committed(topic, from) !== undefined);
  if (old.length === 0) return;
  await environment.write({
    apply() {
      for (const { topic, from, to } of old) {
        const committed = tables.committed(topic, from) ?? 0;
        if (committed > (tables.committed(topic, to) ?? -1)) tables.putCommitted(topic, to, committed);
        tables.removeGroup(topic, from);
      }
    },
  });
}

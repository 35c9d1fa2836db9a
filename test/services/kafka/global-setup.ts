import type { TestProject } from 'vitest/node';
import { startBroker, type BrokerAddress } from './broker.js';

declare module 'vitest' {
  interface ProvidedContext {
    readonly broker: BrokerAddress;
  }
}

/** One broker for all files, since each start takes seconds and half a gigabyte; what stops it starts its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await startBroker().catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the Kafka tests were not run: ${reason}`);
  });
  project.provide('broker', broker.address);
  return () => broker.dispose();
}

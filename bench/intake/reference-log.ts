import { open } from 'node:fs/promises';

/** An append-only file. */
export interface ReferenceLog {
  /** Resolves once the bytes are on disk; those that come while it syncs share the next sync. */
  append(bytes: Buffer): Promise<void>;
}

/** Opens the log of the plain reference: length, bytes, length, bytes; one fdatasync for all that waits. */
export async function openReferenceLog(path: string): Promise<ReferenceLog> {
  const file = await open(path, 'a');
  let waiting: { readonly bytes: Buffer; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];
  let busy = false;
  async function drain(): Promise<void> {
    busy = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await file.writev(group.flatMap(({ bytes }) => [lengthOf(bytes), bytes]));
        await file.datasync();
        for (const { done } of group) done();
      } catch (error) {
        for (const { failed } of group) failed(error);
      }
    }
    busy = false;
  }
  return {
    append(bytes) {
      return new Promise<void>((done, failed) => {
        waiting.push({ bytes, done, failed });
        if (!busy) void drain();
      });
    },
  };
}

function lengthOf(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return length;
}

import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

/** Longest path that a Unix socket address holds on Linux, with its closing zero byte. */
const LONGEST_SOCKET_PATH = 107;

/**
 * Where the control socket of a data directory is. A data directory may lie deeper than a socket address can say; the
 * kernel's short name of an open folder then stands in, until `release`.
 */
export function socketAddress(root: string): { readonly path: string; release(): void } {
  const path = join(root, 'control.sock');
  if (Buffer.byteLength(path) <= LONGEST_SOCKET_PATH) return { path, release: () => undefined };
  const folder = openSync(root, 'r');
  let open = true;
  return {
    path: `/proc/self/fd/${folder}/control.sock`,
    release() {
      if (open) closeSync(folder);
      open = false;
    },
  };
}

/** True for a system error of this code, such as `EEXIST`. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

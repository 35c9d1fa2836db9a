import { PipelineError } from '../../core/errors.js';

/** 0 held, 1 did not hold, 2 usage or configuration, 3 a dependency was out of reach. */
export const EXIT = { held: 0, notHeld: 1, usage: 2, unreachable: 3 } as const;

/** The exit code that an error ends the command with. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof PipelineError)) return EXIT.notHeld;
  switch (error.code) {
    case 'CONFIG_INVALID':
    case 'DATA_DIRECTORY_BUSY':
    case 'DATA_DIRECTORY_UNUSABLE':
    case 'LISTEN_FAILED':
    case 'MODEL_UNPRICED':
    case 'RUBRIC_INVALID':
      return EXIT.usage;
    case 'ASSAY_UNREACHABLE':
    case 'ASSAY_NOT_READY':
    case 'STORE_UNAVAILABLE':
    case 'STORE_REFUSED':
    case 'ENGINE_MISSING':
    case 'BUS_UNAVAILABLE':
    case 'MODEL_UNREACHABLE':
      return EXIT.unreachable;
    default:
      return EXIT.notHeld;
  }
}

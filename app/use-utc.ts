/**
 * Days begin at midnight UTC in every table. The embedded engine takes its time zone from the process when it is loaded, so
 * this is called in the main thread before.
 */
export function useUtc(): void {
  process.env['TZ'] = 'UTC';
}

/** The word for the newest trace, where a trace id is asked for. */
export const LAST = 'last';

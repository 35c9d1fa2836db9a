const MAX_CHARS = 80;
/** Control characters beyond those that JSON escapes, and marks that turn or hide the text around them. */
const INVISIBLE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Text of a trace, which is hostile, as it may stand in a message: in quotes, short, on one line. */
export function quote(text: string): string {
  const clipped = text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text;
  return JSON.stringify(clipped).replace(INVISIBLE, '?');
}

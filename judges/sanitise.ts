/** Text that can be read two ways: bidirectional controls, zero-width and tag characters, variation selectors, fillers. */
const HIDDEN =
  /[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]+/gu;

/** C0 and C1 controls but tab and line feed; ESC among them begins every ANSI sequence. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]+/gu;

/** What chat templates and tool protocols use to say who speaks. */
const TEMPLATE_TOKENS = [
  /<\|[^|<>\n]{0,60}\|>/gu,
  /<｜[^｜<>\n]{0,60}｜>/gu,
  /\[\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]/giu,
  /<<\/?SYS>>/giu,
  /<\/?s>/giu,
  /<\/?(?:start_of_turn|end_of_turn|bos|eos|begin_of_text|eot_id)>/giu,
  /<\/?(?:antml:)?(?:system|assistant|user|human|function_calls|function_results|invoke|tool_call|tool_response|tool_use|think|thinking)\b[^<>\n]{0,80}>/giu,
] as const;

/** The name of the delimiter and of the reply's schema: reserved, whatever the nonce is. */
const RESERVED = /assay[-_ ]?(?:evidence|verdict)/giu;

/**
 * Makes hostile text inert and keeps it readable: what is invisible is named, what would look like protocol is broken up.
 * The text stays data; this only takes away the means to look like anything else.
 */
export function sanitise(text: string): string {
  let clean = text.replace(/\p{Cs}/gu, '\ufffd').replaceAll('\r\n', '\n');
  clean = clean.replace(HIDDEN, nameHidden).replace(CONTROL, nameHidden);
  for (const token of TEMPLATE_TOKENS) clean = clean.replace(token, (found) => `‹${found.slice(1, -1)}›`);
  return clean.replace(RESERVED, '[reserved word]');
}

/** A single joiner that spelling needs: inside an emoji, or between letters of a script that joins. */
const SPELLING =
  /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier})\ufe0f?\u200d?$|[\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}]\p{M}?[\u200c\u200d]$/u;

function nameHidden(run: string, offset: number, whole: string): string {
  if (run.length <= 2 && SPELLING.test(whole.slice(Math.max(0, offset - 3), offset + run.length))) return run;
  const points = Array.from(run);
  const first = (points[0]?.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return points.length === 1 ? `[U+${first}]` : `[${points.length} hidden characters from U+${first}]`;
}

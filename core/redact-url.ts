const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi;

/** The text with the user and password of every URL in it hidden: `https://me:secret@host/v1` is `https://********@host/v1`. */
export function redactUrl(text: string): string {
  return text.replace(USER_INFO, '$1********@');
}

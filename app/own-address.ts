const THIS_MACHINE = new Set(['localhost', '127.0.0.1', '[::1]', '0.0.0.0', '[::]']);

/** True when a URL leads to where Assay itself listens, as far as the text of both can tell. */
export function isOwnAddress(url: string, listens: { readonly host: string; readonly port: number }): boolean {
  const { protocol, hostname, port } = new URL(url);
  const implied = protocol === 'https:' ? 443 : 80;
  if ((port === '' ? implied : Number(port)) !== listens.port) return false;
  const host = listens.host.includes(':') ? `[${listens.host}]` : listens.host;
  return hostname === host.toLowerCase() || (THIS_MACHINE.has(hostname) && THIS_MACHINE.has(host));
}

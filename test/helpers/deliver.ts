/** Posts until it is acknowledged, as an SDK does: 429, 502, 503, 504 and a broken connection are tried again. */
export async function deliver(url: () => string, body: object, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      const response = await fetch(`${url()}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        signal,
      });
      if (response.ok) return;
      if (![429, 502, 503, 504].includes(response.status))
        throw new RangeError(`expected 200 or a retryable answer, got ${response.status}: ${await response.text()}`);
    } catch (error) {
      if (error instanceof RangeError || signal.aborted) throw error;
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}

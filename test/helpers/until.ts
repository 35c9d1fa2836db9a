/** Asks again until the answer holds; fails with the last answer when time is up. */
export async function until<T>(ask: () => Promise<T>, holds: (value: T) => boolean, limitMs = 60_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`expected it to hold within ${limitMs} ms, last was ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

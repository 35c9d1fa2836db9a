/**
 * Makes something while no `OTEL_*` variable is there. The SDK lets them choose receiver, headers, sampler and limits, and an
 * environment that Assay shares with an agent is full of the agent's: its key would go to our receiver.
 *
 * @param make - reads the environment, if at all, before it returns
 */
export function withoutOtelEnv<Made>(env: Record<string, string | undefined>, make: () => Made): Made {
  const theirs = Object.entries(env).filter(([name]) => name.startsWith('OTEL_'));
  for (const [name] of theirs) Reflect.deleteProperty(env, name);
  try {
    return make();
  } finally {
    Object.assign(env, Object.fromEntries(theirs));
  }
}

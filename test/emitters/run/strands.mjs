// @strands-agents/sdk as it comes: content in span events of the first GenAI conventions.
const { runStrands } = await import('./support/strands.mjs');
await runStrands();

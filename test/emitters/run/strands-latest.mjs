// @strands-agents/sdk with the newest conventions opted into: content in one event of operation details.
process.env.OTEL_SEMCONV_STABILITY_OPT_IN = 'gen_ai_latest_experimental';
const { runStrands } = await import('./support/strands.mjs');
await runStrands();

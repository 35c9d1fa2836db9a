/** The one conversation that every emitter plays. Its token counts are those of harness/weather-model.mjs. */
export const SYSTEM = 'You are a weather agent.';
export const QUESTION = 'What is the weather in Paris?';
export const ANSWER = 'The weather in Paris is rainy, 14°C.';
export const MODEL = 'gpt-4o-mini';
export const SESSION = 'sess-42';
export const USER = 'user-7';
export const TOOL = {
  name: 'get_weather',
  description: 'Get current weather',
  parameters: { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] },
};

/** The tool itself. */
export function getWeather({ location }) {
  return { location, temp_c: 14, conditions: 'rainy' };
}

/** Where the scripted model is, and where spans go, as the harness says. */
export const ASSAY_URL = needed('ASSAY_URL');
export const MODEL_URL = needed('MODEL_URL');
export const SERVICE = needed('EMITTER');

function needed(name) {
  const value = process.env[name];
  if (value === undefined || value === '') {
    throw new Error(`expected ${name} in the environment, got nothing; run this with: npm run test:emitters -- <name>`);
  }
  return value;
}

export const QUESTION = 'What is the weather in Paris?';
export const ANSWER = 'The weather in Paris is rainy, 14°C.';
export const SESSION = 'sess-42';
export const USER = 'user-7';
const TOOL = 'get_weather';
const ARGUMENTS = { location: 'Paris' };
const RESULT = { location: 'Paris', temp_c: 14, conditions: 'rainy' };

const FIELDS = ['input', 'output', 'model', 'provider', 'tokens', 'finishReason', 'sessionId', 'userId'];

/**
 * What is wrong with Assay's reading of one emitter's traces.
 * @param whys - `assay why --json` of every trace of the emitter's service; it should be one
 * @returns a sentence for each thing that is not as it was; empty when all is
 */
export function wrongReadings(truth, whys) {
  if (whys.length !== 1) return [`expected one trace, got ${whys.length}`];
  const [why] = whys;
  const { trajectory } = why;
  return [
    // Emitters whose evidence reads alike share a verdict: the second of them has it from the cache.
    ...unlike('outcome', truth.outcome, why.outcome === 'from_cache' ? 'judged' : why.outcome),
    ...FIELDS.flatMap((field) => unlike(field, truth[field], trajectory[field])),
    ...(truth.tool === 'none' ? [] : wrongSteps(truth, trajectory.steps)),
    ...wrongVerdicts(truth, why.verdicts),
  ];
}

function wrongSteps(truth, steps) {
  const models = steps.filter(({ kind }) => kind === 'model');
  const tools = steps.filter(({ kind }) => kind === 'tool');
  const wrong = unlike('model steps', 2, models.length);
  if (models.length > 0 && !asks(models[0])) {
    wrong.push(`expected the first model step to ask for ${TOOL}({"location":"Paris"}), got ${show(models[0].result)}`);
  }
  if (models.length > 1) wrong.push(...unlike('the last model step', ANSWER, models.at(-1).result));
  if (truth.tool === 'messages' && tools.length === 0) {
    const heard = models.at(-1)?.arguments;
    return [...wrong, ...unlike('what the last model step was told', RESULT, parsed(heard))];
  }
  wrong.push(...unlike('tool steps', 1, tools.length));
  for (const step of tools) {
    wrong.push(...unlike('tool name', TOOL, step.name));
    wrong.push(...unlike('tool arguments', ARGUMENTS, parsed(step.arguments)));
    wrong.push(...unlike('tool result', RESULT, parsed(step.result)));
    wrong.push(...unlike('tool error', null, step.error));
  }
  return wrong;
}

function asks(step) {
  const match = /^get_weather\((.*)\)$/s.exec(step.result ?? '');
  return match !== null && show(parsed(match[1])) === show(ARGUMENTS);
}

function wrongVerdicts(truth, verdicts) {
  if (truth.outcome !== 'judged') return unlike('verdicts', 0, verdicts.length);
  if (verdicts.length === 0) return ['expected a verdict, got none'];
  return verdicts
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ criterion, outcome, reason }) => `expected ${criterion} to pass, got ${outcome}: ${reason}`);
}

function unlike(what, expected, got) {
  return show(expected) === show(got) ? [] : [`expected ${what} ${show(expected)}, got ${show(got)}`];
}

/** Of JSON text its value, else the text. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** As JSON with sorted keys. */
function show(value) {
  if (value === undefined) return 'nothing';
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

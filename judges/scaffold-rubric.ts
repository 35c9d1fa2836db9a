import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { builtInRubrics, invalidRubric } from './rubric-folder.js';
import { CRITERION_NAME } from './rubric.js';

/**
 * Writes a rubric to edit: short, and one that holds at once. It asks for a word in the final answer, so that what belongs
 * where can be seen, and its two examples can be tested before anything is changed.
 *
 * @param directory - of all the team's rubrics; made when it is not there
 * @returns the files written, absolute if `directory` is
 * @throws {PipelineError} RUBRIC_INVALID when the name is none for a criterion, or its folder is there already
 */
export function scaffoldRubric(directory: string, name: string): readonly string[] {
  const folder = join(directory, name);
  if (!CRITERION_NAME.test(name)) {
    throw invalidRubric(directory, `expected a name in kebab-case such as polite-tone, got ${JSON.stringify(name)}`);
  }
  if (existsSync(folder)) {
    throw invalidRubric(folder, 'expected no such folder yet, it is there; choose another name, or edit what is there');
  }
  const schema = readFileSync(join(builtInRubrics(), 'task-completion', 'output.schema.json'), 'utf8');
  return Object.entries({ ...textsOf(name), 'output.schema.json': schema }).map(([file, text]) => {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { flag: 'wx' });
    return path;
  });
}

function textsOf(name: string): Readonly<Record<string, string>> {
  return {
    'rubric.yaml': rubricYaml(name),
    'prompt.md': PROMPT,
    'examples/pass-expected-day.json': example(PASS),
    'examples/fail-guaranteed-day.json': example(FAIL),
  };
}

const rubricYaml = (name: string): string => `# The name of this folder, and of the criterion in every report.
criterion: ${name}
# Raise it with every change: verdicts of two versions are never mixed.
version: 1.0.0
# One question that a pass answers with yes. It is asked before and after the evidence.
question: Does the final answer promise nothing that the agent cannot keep?
# Which traces it is asked of: always, user-request (one was read), or tool-call (a tool was called or asked for).
appliesTo: user-request
parameters:
  # Quotes of the evidence that a pass or a fail needs at least.
  requiredQuotes: 1
  # A shorter quote counts only when it is a whole field value.
  quoteMinLength: 12
`;

const PROMPT = `You are given the record of one run of an AI agent: what the user asked, the steps the agent took, the tools it called with
their arguments and results, and its final answer. Decide one thing only: whether the final answer makes a promise that the agent
cannot keep. Whether the task was done is another question.

FAIL when the final answer contains "guarantee".
PASS otherwise.

The verdict is \`abstain\` only when the record holds no final answer.

Write the explanation first: one or two sentences with the words that decide. Then give one or two quotes, each copied exactly
from the record, at least 12 characters long or one whole field value. Then the verdict, then your confidence from 0 to 1.
`;

interface ExampleText {
  readonly answer: string;
  readonly explanation: string;
  readonly quote: string;
  readonly verdict: string;
}

const PASS: ExampleText = {
  answer: 'The carrier expects to deliver your lamp on Tuesday.',
  explanation: 'The answer passes on what the carrier expects and promises nothing itself.',
  quote: 'The carrier expects to deliver your lamp on Tuesday.',
  verdict: 'pass',
};

const FAIL: ExampleText = {
  answer: 'Your lamp will be there on Tuesday, guaranteed.',
  explanation: 'The carrier only expects Tuesday; the answer guarantees it, which the agent cannot.',
  quote: 'Your lamp will be there on Tuesday, guaranteed.',
  verdict: 'fail',
};

function example({ answer, explanation, quote, verdict }: ExampleText): string {
  const evidence = [
    { section: 'user request', text: 'When will my lamp arrive?' },
    {
      section: 'step 1: tool',
      text: 'name: track_parcel\narguments: {"item": "lamp"}\nresult: {"expected": "Tuesday"}',
    },
    { section: 'final answer', text: answer },
  ];
  return `${JSON.stringify({ evidence, reply: { explanation, quotes: [quote], verdict, confidence: 0.95 } }, null, 2)}\n`;
}

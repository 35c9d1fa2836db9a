import { contentHash } from '../../core/keyed-hash.js';

/** What a judge was sent. */
export interface JudgePrompt {
  readonly system: string;
  readonly user: string;
}

/** A tool call as the evidence shows it: text that the agent wrote, whole or not. */
export interface EvidenceCall {
  readonly name: string;
  readonly arguments: string;
  readonly result: string;
}

/** What the scripted judge reads out of a prompt: nothing but text of the trace. */
export interface EvidenceFacts {
  readonly question: string;
  readonly request: string;
  readonly calls: readonly EvidenceCall[];
  readonly answer: string;
  readonly instructions: string;
  /** Calls that a model asked for and that no tool step shows. */
  readonly askedFor: readonly EvidenceCall[];
  /** Of every section. */
  readonly texts: readonly string[];
}

interface Section {
  readonly section: string;
  readonly text: string;
}

/** Reads the evidence out of a judge's prompt: one JSON object `{"section", "text"}` a line. */
export function readEvidence(prompt: JudgePrompt): EvidenceFacts {
  const lines = prompt.user.split('\n');
  const sections = lines.flatMap((line) => readSection(line));
  const textOf = (title: RegExp) => sections.find(({ section }) => title.test(section))?.text ?? '';
  return {
    question: /^Question: (.*)$/m.exec(prompt.user)?.[1] ?? '',
    request: textOf(/^user request/i),
    calls: sections.flatMap((section) => readCall(section)),
    answer: textOf(/^final answer/i),
    instructions: textOf(/^system instructions/i),
    askedFor: sections.flatMap((section) => readAskedFor(section)),
    texts: sections.map(({ text }) => text),
  };
}

/** Names the evidence and the criterion: the same for each vote, whatever the delimiters of that call are. */
export function evidenceKey(prompt: JudgePrompt): string {
  const { question, request, calls, answer } = readEvidence(prompt);
  return contentHash(question, request, answer, ...calls.flatMap((call) => [call.name, call.arguments]));
}

function readSection(line: string): readonly Section[] {
  if (!line.startsWith('{"section":')) return [];
  try {
    return [JSON.parse(line) as Section];
  } catch {
    return [];
  }
}

/** A model's step names each call that it asked for in a line. */
function readAskedFor({ section, text }: Section): readonly EvidenceCall[] {
  if (!/\bmodel\b/i.test(section)) return [];
  return [...text.matchAll(/^asked for tool: (\S+) with (.*)$/gm)].map(([, name = '', args = '']) => ({
    ...{ name, arguments: args, result: '' },
  }));
}

/** A step's text has its parts in lines that begin `name:`, `arguments:`, `result:` or `error:`. */
function readCall({ section, text }: Section): readonly EvidenceCall[] {
  if (!/\btool\b/i.test(section)) return [];
  const part = (label: string) =>
    new RegExp(`(?:^|\\n)${label}: ?([^]*?)(?=\\n(?:name|arguments|result|error|duration)\\b[^\\n:]{0,20}: |$)`)
      .exec(text)?.[1]
      ?.trim();
  const name = part('name') ?? /\btool:? +(\S+)/i.exec(section)?.[1] ?? '';
  return [{ name, arguments: part('arguments') ?? '', result: part('result') ?? part('error') ?? '' }];
}

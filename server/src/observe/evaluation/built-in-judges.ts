// The judges that come with the platform, in English and Japanese: templates that a project takes over and may change.
import { builtInEnglish } from './built-in-english.ts';
import { builtInJapanese } from './built-in-japanese.ts';
import type { Mapping, OutputDefinition, TargetKind } from './schema.ts';

export interface JudgeTemplate {
  /** For example `groundedness-ja`: the name that the evaluator gets, and that its scores have. */
  name: string;
  language: 'en' | 'ja';
  /** One sentence for people. */
  summary: string;
  prompt: string;
  outputDefinition: OutputDefinition;
  mapping: Mapping;
  /** Targets that have every source of the mapping. */
  targets: readonly TargetKind[];
}

/** What a language says about one judge. */
export interface JudgeWords {
  summary: string;
  prompt: string;
  reasoning: string;
  score: string;
}

/** What is judged, and what fills the variables unless a rule says otherwise. */
export const JUDGES = {
  'context-relevance': ['input', 'context'],
  groundedness: ['context', 'output'],
  'answer-relevance': ['input', 'output'],
  toxicity: ['output'],
  conciseness: ['input', 'output'],
  helpfulness: ['input', 'output'],
  hallucination: ['input', 'output'],
  correctness: ['input', 'output', 'expected_output'],
} as const;
export type JudgeName = keyof typeof JUDGES;

/** A retrieved context usually stands in the request, beside the question. */
const SOURCE_OF = { input: 'input', output: 'output', context: 'input', expected_output: 'expected_output' } as const;

function templateOf(name: JudgeName, language: 'en' | 'ja', words: JudgeWords): JudgeTemplate {
  const variables = JUDGES[name];
  return {
    name: language === 'en' ? name : `${name}-ja`,
    language,
    summary: words.summary,
    prompt: words.prompt,
    outputDefinition: {
      dataType: 'NUMERIC',
      reasoning: { description: words.reasoning },
      score: { description: words.score, minValue: 0, maxValue: 1 },
    },
    mapping: variables.map((variable) => ({ variable, source: SOURCE_OF[variable] })),
    targets: name === 'correctness' ? ['experiment'] : ['observation', 'trace', 'session', 'experiment'],
  };
}

/** Every template, in the order of JUDGES. */
export function judgeTemplates(): JudgeTemplate[] {
  const names = Object.keys(JUDGES) as JudgeName[];
  return names.flatMap((name) => [templateOf(name, 'en', builtInEnglish[name]), templateOf(name, 'ja', builtInJapanese[name])]);
}

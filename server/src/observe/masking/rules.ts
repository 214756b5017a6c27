// A project's masking rules as they are given, and the function over text that they become. Own patterns run on RE2's algorithm: in time linear in the text, whatever they are.
import { createHmac } from 'node:crypto';
import { RE2JS } from 're2js';
import { z } from 'zod';
import { BUILT_IN_NAMES, BUILT_INS, type BuiltIn } from './built-in.ts';

const common = {
  /** label: "[EMAIL]"; hash: "[EMAIL:1f2e3d4c5b6a]", the same for the same text, so that equal values stay equal. */
  replacement: z.enum(['label', 'hash']).default('label'),
};

const ruleSchema = z.union([
  z.strictObject({ builtIn: z.enum(BUILT_IN_NAMES as [(typeof BUILT_IN_NAMES)[number]]), ...common }),
  z.strictObject({
    name: z.string().regex(/^[A-Z][A-Z0-9_]{0,39}$/, 'Capital letters, digits and underscores, up to 40'),
    pattern: z
      .string()
      .min(1)
      .max(1_000)
      .refine((pattern) => compiled(pattern) !== null, 'Not a pattern of RE2 (no look-around, no back-references), or one that matches nothing at all'),
    ...common,
  }),
]);

export const maskingRules = z.array(ruleSchema).max(50);
export type MaskingRule = z.output<typeof ruleSchema>;

/** Masked text; `count` is told once a replacement. */
export type TextMask = (text: string, count: (rule: string) => void) => string;

function compiled(pattern: string): RE2JS | null {
  try {
    const expression = RE2JS.compile(pattern);
    // Replacing nothing would put a label between all letters.
    return expression.matcher('').find() ? null : expression;
  } catch {
    return null;
  }
}

/** The rules as one function; null when there are none. `secret` keys the hashes. */
export function textMaskOf(rules: readonly MaskingRule[], secret: Buffer): TextMask | null {
  const steps = rules.map((rule) => stepOf(rule, secret));
  if (steps.length === 0) return null;
  return (text, count) => {
    let masked = text;
    for (const step of steps) masked = step(masked, count);
    return masked;
  };
}

function stepOf(rule: MaskingRule, secret: Buffer): TextMask {
  const label = 'builtIn' in rule ? BUILT_INS[rule.builtIn].label : rule.name;
  const put = (found: string): string => (rule.replacement === 'label' ? `[${label}]` : `[${label}:${hash(found, secret)}]`);
  return 'builtIn' in rule ? builtInStep(BUILT_INS[rule.builtIn], rule.builtIn, put) : ownStep(compiled(rule.pattern), rule.name, put);
}

function builtInStep({ pattern, holds }: BuiltIn, name: string, put: (found: string) => string): TextMask {
  return (text, count) =>
    text.replace(pattern, (found) => {
      if (holds !== undefined && !holds(found)) return found;
      count(name);
      return put(found);
    });
}

function ownStep(expression: RE2JS | null, name: string, put: (found: string) => string): TextMask {
  if (expression === null) return (text) => text;
  return (text, count) => {
    const matcher = expression.matcher(text);
    let masked = '';
    let from = 0;
    while (matcher.find()) {
      if (matcher.end() === matcher.start()) continue;
      masked += text.slice(from, matcher.start()) + put(text.slice(matcher.start(), matcher.end()));
      from = matcher.end();
      count(name);
    }
    return from === 0 ? text : masked + text.slice(from);
  };
}

const hash = (found: string, secret: Buffer): string => createHmac('sha256', secret).update(found.normalize('NFKC')).digest('hex').slice(0, 12);

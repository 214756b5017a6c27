// The file that says what has to be there at the start: organisations with members, projects, keys, prompts, models and score configs, in YAML. Read and checked here, applied in apply-init-file.ts.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import { maskingRules } from '#observe/masking/rules.ts';
import { createModelBody } from '#observe/models/schema.ts';
import { createPromptBody } from '#observe/prompts/schema.ts';
import { retentionDays, retentionRules } from '#observe/retention/policy.ts';
import { samplingRule } from '#observe/sampling/rule.ts';
import { createConfigBody } from '#observe/score-configs/schema.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;
const id = z.string().regex(/^[\w.-]{1,100}$/, 'must be 1 to 100 letters, digits, dots, dashes or underscores');

const keySchema = z.strictObject({
  publicKey: z.string().regex(/^[\x21-\x39\x3b-\x7e]{1,256}$/, 'must be 1 to 256 visible ASCII characters without a colon'),
  secretKey: z.string().min(20, 'must have 20 characters or more, or be os.environ/<a variable that is set>'),
});

const memberSchema = z.strictObject({
  email: z.email().max(255),
  role: z.enum(['OWNER', 'ADMIN', 'MEMBER', 'VIEWER']),
  name: z.string().min(1).max(255).optional(),
  password: z.string().min(10, 'must have 10 characters or more, or be os.environ/<a variable that is set>').max(128).optional(),
});

const projectSchema = z.strictObject({
  id,
  name: z.string().min(1).max(255),
  retention: z.union([retentionDays, z.strictObject({ days: retentionDays.optional(), rules: retentionRules.default([]) })]).optional(),
  masking: maskingRules.optional(),
  sampling: samplingRule.nullable().optional(),
  keys: z.array(keySchema).default([]),
  prompts: z.array(createPromptBody).default([]),
  models: z.array(createModelBody).default([]),
  scoreConfigs: z.array(createConfigBody).default([]),
});

const fileSchema = z.strictObject({
  organizations: z.array(
    z.strictObject({
      id,
      name: z.string().min(1).max(255),
      retention: retentionDays.optional(),
      members: z.array(memberSchema).default([]),
      projects: z.array(projectSchema).default([]),
    }),
  ),
});

export type InitFile = z.output<typeof fileSchema>;
export type InitProject = InitFile['organizations'][number]['projects'][number];

/**
 * Reads the file; texts of the form `os.environ/NAME` become the variable's value.
 * @throws AppError 400 that names every fault, and no value.
 */
export function readInitFile(path: string, environment: Readonly<Record<string, string | undefined>>): InitFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw unusable(path, [`it cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'})`]);
  }
  return parseInitFile(text, path, environment);
}

/** The same of a text. @throws AppError 400. */
export function parseInitFile(text: string, path: string, environment: Readonly<Record<string, string | undefined>>): InitFile {
  if (Buffer.byteLength(text) > MAX_FILE_BYTES) throw unusable(path, [`it is larger than ${MAX_FILE_BYTES / 1024 / 1024} MiB`]);
  let value: unknown;
  try {
    value = parse(text, { maxAliasCount: 100, logLevel: 'error' });
  } catch (cause) {
    throw unusable(path, [`it is not valid YAML: ${(cause as Error).message.split('\n')[0]?.slice(0, 200)}`]);
  }
  const missing = new Set<string>();
  const result = fileSchema.safeParse(withVariables(value, environment, missing, 0));
  const faults = [...missing].map((name) => `the variable ${name} is not set`);
  if (!result.success) faults.push(...result.error.issues.slice(0, 20).map((issue) => `${issue.path.join('.') || 'the file'}: ${issue.message}`));
  if (faults.length > 0 || !result.success) throw unusable(path, faults);
  return result.data;
}

const VARIABLE = /^os\.environ\/([A-Za-z_][A-Za-z0-9_]*)$/;
const MAX_DEPTH = 100;

function withVariables(value: unknown, environment: Readonly<Record<string, string | undefined>>, missing: Set<string>, depth: number): unknown {
  if (typeof value === 'string') {
    const name = VARIABLE.exec(value)?.[1];
    if (name === undefined) return value;
    const set = environment[name];
    if (set === undefined || set === '') missing.add(name);
    return set ?? '';
  }
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) return value.map((member) => withVariables(member, environment, missing, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withVariables(member, environment, missing, depth + 1)]));
}

function unusable(path: string, faults: readonly string[]): AppError {
  return new AppError(`The start file ${path} cannot be used:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`, { status: 400, code: 'invalid_setting' });
}

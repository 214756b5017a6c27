// Writes the generated parts of docs/aws/architecture.md (picture, images, pod permissions, price table) and of README.md (picture), in both languages. `--check` only says whether they are up to date.
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ratesOf } from '../infra/src/bill/rates.ts';
import { diagramOf } from '../infra/src/diagram.ts';
import { readEnvironment } from '../infra/src/environment.ts';
import { podPolicies } from '../infra/src/iam/pod-policies.ts';
import { IMAGES } from '../infra/src/images.ts';

const root = join(import.meta.dirname, '..');
const EVERY_PART = ['picture', 'images', 'permissions', 'prices'] as const;
type AwsPart = (typeof EVERY_PART)[number];
/** The documents with generated parts, and which. */
export const AWS_DOCUMENTS: Readonly<Record<string, readonly AwsPart[]>> = {
  'docs/aws/architecture.md': EVERY_PART,
  'docs/aws/architecture.ja.md': EVERY_PART,
  'README.md': ['picture'],
  'README.ja.md': ['picture'],
};

const environment = readEnvironment({ gateway: 'litellm', observe: 'langfuse', allowedCidrs: ['203.0.113.7/32'] });
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

function permissions(): string {
  const policies = podPolicies(environment, { partition: 'aws', eventsBucketArn: 'events', clickhouseBucketArn: 'clickhouse' });
  const rows = Object.entries(policies).flatMap(([pod, document]) =>
    document === null ? [[pod, '–', '–']] : document.Statement.map(({ Action, Resource }) => [pod, Action.join(', '), Resource.join(', ')]),
  );
  return table(['pod', 'actions', 'resources'], rows);
}

const images = (): string =>
  table(
    ['image', 'digest', 'looked up', 'source of the digest', 'note'],
    Object.values(IMAGES).map(({ repository, tag, digest, checked, source, note }) => [
      `${repository}:${tag}`,
      `\`${digest.slice(0, 19)}…\``,
      checked,
      source,
      note,
    ]),
  );

const prices = (): string =>
  table(
    ['what', 'USD', 'per', 'day of the source', 'source'],
    ratesOf(environment.region).prices.map(({ what, usd, unit, date, source }) => [what, usd === null ? '?' : String(usd), unit, date ?? '?', source ?? '?']),
  );

/** Generated parts by the name of their markers. */
export const awsParts = (): Readonly<Record<AwsPart, string>> => ({
  picture: `\`\`\`mermaid\n${diagramOf(environment)}\`\`\``,
  images: images(),
  permissions: permissions(),
  prices: prices(),
});

/** The document with its generated parts renewed. @throws Error when a marker is missing: then the part would silently be absent. */
export function renewed(text: string, names: readonly AwsPart[]): string {
  const parts = awsParts();
  let result = text;
  for (const name of names) {
    const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    if (!result.includes(begin) || !result.includes(end)) throw new Error(`the marker "${begin}" … "${end}" is missing`);
    result = `${result.slice(0, result.indexOf(begin) + begin.length)}\n${parts[name]}\n${result.slice(result.indexOf(end))}`;
  }
  return result;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === import.meta.filename) {
  for (const [name, parts] of Object.entries(AWS_DOCUMENTS)) {
    const path = join(root, name);
    const wanted = renewed(readFileSync(path, 'utf8'), parts);
    if (!process.argv.includes('--check')) writeFileSync(path, wanted);
    else if (readFileSync(path, 'utf8') !== wanted) {
      console.error(`${name} is out of date: run ./scripts/node scripts/aws-docs.ts`);
      process.exitCode = 1;
    }
  }
}

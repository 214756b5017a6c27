// The documents of docs/aws say what the code does: generated parts are up to date, every setting is described, both languages have the same parts, links lead somewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../infra/src/environment.ts';
import { AWS_DOCUMENTS, awsParts, renewed } from './aws-docs.ts';

const folder = join(import.meta.dirname, '..', 'docs/aws');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const FENCED = /^```(\w*)\n([\s\S]*?)^```$/gm;
const headings = (text: string): number[] => [...text.replaceAll(FENCED, '').matchAll(/^(#+) /gm)].map((match) => (match[1] as string).length);
const blocks = (text: string): string[] => [...text.matchAll(FENCED)].map((match) => match[2] as string);
const rows = (text: string): number => text.split('\n').filter((line) => line.startsWith('|')).length;

/** An environment in which every optional setting is set. */
const full = readEnvironment({
  gateway: 'litellm',
  observe: 'langfuse',
  allowedCidrs: ['203.0.113.7/32'],
  apiCidrs: ['203.0.113.7/32'],
  domain: { hostedZoneId: 'Z1', gatewayHost: 'a.example.com', observeHost: 'b.example.com' },
  budget: { email: 'a@example.com', monthlyUsd: 100 },
  models: [{ name: 'm', model: 'azure/m', apiBase: 'https://x.example.com', apiVersion: '1', apiKeyVariable: 'AZURE_API_KEY' }],
});

const names = (value: unknown, prefix = ''): string[] =>
  Object.entries(value as Record<string, unknown>).flatMap(([key, inner]) => {
    const item = Array.isArray(inner) ? inner[0] : inner;
    const nested = typeof item === 'object' && item !== null && key !== 'images' ? names(item, `${prefix}${key}.`) : [];
    return nested.length > 0 ? nested : [`${prefix}${key}`];
  });

describe('docs/aws', () => {
  for (const [name, parts] of Object.entries(AWS_DOCUMENTS)) {
    it(`${name} is up to date (./scripts/node scripts/aws-docs.ts)`, () => {
      const text = readFileSync(join(folder, '../..', name), 'utf8');
      expect(text).toBe(renewed(text, parts));
    });
  }

  it('draws what runs', () => {
    const { picture } = awsParts();
    for (const line of [
      'gateway --> web',
      'worker --> clickhouse',
      'web --> aurora',
      'gateway --> models',
      'clickhouse -. own role .-> chdata',
      'alb --> gateway',
    ])
      expect(picture).toContain(`  ${line}\n`);
    expect(picture).not.toContain('gateway --> clickhouse');
  });

  it('describes every setting, and no other', () => {
    const described = [...read('settings.md').matchAll(/^\| `([\w.]+)` \|/gm)].map((match) => match[1] as string);
    expect(described.toSorted()).toEqual(names(full).toSorted());
  });

  it('says the same in both languages', () => {
    const translated = readdirSync(folder).filter((name) => name.endsWith('.ja.md'));
    expect(translated.length).toBeGreaterThanOrEqual(2);
    for (const japanese of translated) {
      const english = japanese.replace('.ja.md', '.md');
      expect([japanese, headings(read(japanese)), blocks(read(japanese)), rows(read(japanese))]).toEqual([
        japanese,
        headings(read(english)),
        blocks(read(english)),
        rows(read(english)),
      ]);
    }
  });

  it('links to what exists', () => {
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.md'))) {
      const links = [
        ...read(name)
          .replaceAll(FENCED, '')
          .matchAll(/\]\(([^)#]+)[^)]*\)/g),
      ]
        .map((match) => match[1] as string)
        .filter((link) => !link.startsWith('http'));
      expect([name, links.filter((link) => !existsSync(join(folder, link)))]).toEqual([name, []]);
    }
  });
});

// Text -> typed value for each kind of setting. Every parser answers a value or a sentence that says what was expected; none echoes what it got.
import type { SettingRow } from './table.ts';

export type Parsed<Value> = { value: Value } | { fault: string };

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1e3, kb: 1e3, kib: 1024, m: 1e6, mb: 1e6, mib: 1024 ** 2, g: 1e9, gb: 1e9, gib: 1024 ** 3 };

/** The forms; stores/coordination/redis-connect.ts reads them whole. */
const REDIS_URL = /^rediss?(-cluster|-sentinel)?:\/\/[^\s]+$/;

const S3_URL = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^\s\\]*)?$/;

function parsePort(text: string): Parsed<number> {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number(text) : Number.NaN;
  return port >= 0 && port <= 65_535 ? { value: port } : { fault: 'must be a port number from 1 to 65535 (0 = any free port)' };
}

/** "32MiB", "10 mb", "1048576" -> bytes. */
export function parseBytes(text: string): Parsed<number> {
  const match = /^\s*(\d{1,12}(?:\.\d{1,3})?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ''];
  const bytes = match === null || unit === undefined ? Number.NaN : Math.round(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) && bytes > 0 ? { value: bytes } : { fault: 'must be a size, for example 32MiB, 500MB or 1048576' };
}

/** An IANA zone that this runtime knows; comes back in its canonical spelling. */
export function parseZone(text: string): Parsed<string> {
  try {
    const zone = new Intl.DateTimeFormat('en', { timeZone: text.trim() }).resolvedOptions().timeZone;
    return { value: zone };
  } catch {
    return { fault: 'must be an IANA time zone, for example Asia/Tokyo or UTC' };
  }
}

function parseUrl(text: string, protocols: readonly string[], example: string): Parsed<string> {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && protocols.includes(url.protocol) ? { value: text } : { fault: `must be an address like ${example}` };
}

/** Checks one raw text against its row. Lists come back as their text; `parseList` cuts them. */
export function parseSetting(row: SettingRow, text: string): Parsed<string | number> {
  switch (row.kind) {
    case 'port':
      return parsePort(text);
    case 'bytes':
      return parseBytes(text);
    case 'zone':
      return parseZone(text);
    case 'postgres-url':
      return parseUrl(text, ['postgres:', 'postgresql:'], 'postgres://user:password@host:5432/database');
    case 'http-url':
      return parseUrl(text, ['http:', 'https:'], 'http://host:8123');
    case 'redis-url':
      return REDIS_URL.test(text)
        ? { value: text }
        : { fault: 'must be an address like redis://host:6379, redis-cluster://host:6379,host:6379 or redis-sentinel://host:26379/master' };
    case 'smtp-url':
      return parseUrl(text, ['smtp:', 'smtps:'], 'smtps://user:password@host:465');
    case 's3-url':
      return S3_URL.test(text) ? { value: text } : { fault: 'must be an address like s3://bucket or s3://bucket/prefix' };
    case 'seconds':
      return /^\d{1,4}$/.test(text.trim()) ? { value: Number(text) } : { fault: 'must be a number of seconds' };
    case 'choice': {
      const choices = row.choices ?? [];
      const choice = choices.find((candidate) => candidate === text.trim().toLowerCase());
      return choice === undefined ? { fault: `must be ${choices.length === 1 ? '' : 'one of '}${choices.join(', ')}` } : { value: choice };
    }
    default:
      return text.includes('\0') ? { fault: 'must be text without NUL' } : { value: text };
  }
}

export function parseList(text: string): string[] {
  return text
    .split(/[,\s]+/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

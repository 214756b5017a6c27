// The form of an LLM connection, and what it sends.
import type { ConsoleLlmConnection } from '@genai/server/contract';

export type Adapter = ConsoleLlmConnection['adapter'];

/** Those that evaluators ask themselves; Bedrock and Vertex AI go through the gateway. */
export const ASKABLE = ['openai', 'azure', 'anthropic', 'google-ai-studio'] as const satisfies readonly Adapter[];

/** The connection that every project has: the platform's own gateway. */
export const GATEWAY_PROVIDER = 'genai-gateway';

export interface ConnectionForm {
  provider: string;
  adapter: Adapter;
  secretKey: string;
  baseURL: string;
  customModels: string[];
  /** One `Name: value` a line. */
  extraHeaders: string;
}

export const EMPTY_CONNECTION: ConnectionForm = { provider: '', adapter: 'openai', secretKey: '', baseURL: '', customModels: [], extraHeaders: '' };

/** A stored connection to change: its secrets never come back and are asked for again. */
export function connectionFormOf(row: ConsoleLlmConnection): ConnectionForm {
  return {
    provider: row.provider,
    adapter: row.adapter,
    secretKey: '',
    baseURL: row.baseURL ?? '',
    customModels: row.customModels,
    extraHeaders: row.extraHeaderKeys.map((name) => `${name}: `).join('\n'),
  };
}

export type ConnectionFault = 'name' | 'secret' | 'address' | 'headers';

export function checkConnection(form: ConnectionForm): Partial<Record<keyof ConnectionForm, ConnectionFault>> {
  const faults: Partial<Record<keyof ConnectionForm, ConnectionFault>> = {};
  const name = form.provider.trim();
  if (name === '' || name.includes(':') || name === GATEWAY_PROVIDER) faults.provider = 'name';
  if (form.secretKey.trim() === '') faults.secretKey = 'secret';
  if (form.baseURL.trim() === '' ? form.adapter === 'azure' : !URL.canParse(form.baseURL.trim())) faults.baseURL = 'address';
  if (headersOf(form.extraHeaders) === null) faults.extraHeaders = 'headers';
  return faults;
}

/** Null when a line is no header. */
function headersOf(text: string): Record<string, string> | null {
  const headers: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const found = /^\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*:\s*(\S.*?)\s*$/.exec(line);
    if (found === null) return null;
    headers[found[1] as string] = found[2] as string;
  }
  return headers;
}

export function bodyOf(form: ConnectionForm): Record<string, unknown> {
  const headers = headersOf(form.extraHeaders) ?? {};
  return {
    provider: form.provider.trim(),
    adapter: form.adapter,
    secretKey: form.secretKey.trim(),
    ...(form.baseURL.trim() === '' ? {} : { baseURL: form.baseURL.trim() }),
    customModels: form.customModels,
    ...(Object.keys(headers).length === 0 ? {} : { extraHeaders: headers }),
  };
}

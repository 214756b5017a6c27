// What may be told of a configured deployment: its names, limits and prices; never its key, credentials in its base, or headers.
import { picosToNumber } from '#lib/money.ts';
import type { Prices } from '#prices/port.ts';
import type { Deployment } from '#settings/settings.ts';

/** Names inside the free-form model_info that could carry a secret. */
const SECRET_NAME = /key|secret|token$|password|credential|authorization/i;

/** An upstream base without query and credentials; null when there is none or it is no URL. */
export function publicBase(apiBase: string | null): string | null {
  if (apiBase === null) return null;
  try {
    const url = new URL(apiBase);
    return `${url.protocol}//${url.host}${url.pathname}`;
  } catch {
    return null;
  }
}

/** The entry of /model/info (litellm.md §1.5): model_name, litellm_params without secrets, model_info with what is known. */
export function modelInfo(deployment: Deployment, prices: Prices): Record<string, unknown> {
  const base = publicBase(deployment.apiBase);
  return {
    model_name: deployment.modelName,
    litellm_params: {
      model: `${deployment.providerName}/${deployment.upstreamModel}`,
      ...(base === null ? {} : { api_base: base }),
      ...(deployment.apiVersion === null ? {} : { api_version: deployment.apiVersion }),
      ...optional({ rpm: deployment.rpm, tpm: deployment.tpm, weight: deployment.weight, order: deployment.order, timeout: seconds(deployment.timeoutMs) }),
      ...(deployment.tags.length === 0 ? {} : { tags: deployment.tags }),
    },
    model_info: {
      ...publicInfo(deployment.info),
      id: deployment.id,
      db_model: deployment.info.db_model === true,
      key: deployment.baseModel ?? deployment.upstreamModel,
      base_model: deployment.baseModel,
      mode: deployment.mode,
      litellm_provider: deployment.providerName,
      ...priceAndLimits(deployment, prices),
    },
  };
}

/** Prices a token as numbers (null = unknown) and the limits of a call. */
export function priceAndLimits(deployment: Deployment, prices: Prices): Record<string, unknown> {
  const price = prices.ofDeployment(deployment);
  const { maxInputTokens, maxOutputTokens } = prices.limitsOf(deployment);
  const number = (picos: bigint | null | undefined) => (picos === null || picos === undefined ? null : picosToNumber(picos));
  return {
    max_tokens: maxOutputTokens ?? maxInputTokens,
    max_input_tokens: maxInputTokens,
    max_output_tokens: maxOutputTokens,
    input_cost_per_token: number(price?.inputPicos),
    output_cost_per_token: number(price?.outputPicos),
    cache_read_input_token_cost: number(price?.cachedInputPicos),
    price_id: price?.id ?? null,
  };
}

function publicInfo(info: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(info).filter(([name]) => !SECRET_NAME.test(name)));
}

const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
const optional = (fields: Record<string, unknown>): Record<string, unknown> => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

// Who may come in from where, and what everybody may see: general_settings.allowed_ips, litellm_settings.public_model_groups and its links.
import { isAddressOrNetwork } from '#lib/addresses.ts';
import type { Section } from './section.ts';
import type { AccessConfig } from './settings.ts';

/** What the first section that speaks of it says; faults go to the sections' notes. */
export function readAccess(general: readonly Section[], litellm: readonly Section[]): AccessConfig {
  const lists = general.map((section) => (section.has('allowed_ips') ? readAddresses(section) : null));
  const addresses = lists.find((list) => list !== null) ?? [];
  const models = litellm.map((section) => (section.has('public_model_groups') ? section.texts('public_model_groups') : null)).find((list) => list !== null);
  const links = litellm.map((section) => section.raw('public_model_groups_links')).find((value) => typeof value === 'object' && value !== null);
  return {
    allowedAddresses: addresses.length === 0 ? null : addresses,
    publicModels: models ?? [],
    usefulLinks: Array.isArray(links) ? {} : ((links ?? {}) as Record<string, unknown>),
  };
}

/** The first section that speaks decides. An empty list is no list: it would let nobody in, and so nobody who could change it. */
function readAddresses(section: Section): readonly string[] {
  const entries = section.texts('allowed_ips');
  for (const [index, entry] of entries.entries())
    if (!isAddressOrNetwork(entry)) section.fault(['allowed_ips', index], 'must be an address, or a network such as 10.0.0.0/8');
  return entries;
}

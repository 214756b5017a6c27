// The form of a receiver: what is missing, and what it sends. An address that is stored is never shown again: it is typed anew when it changes. Pure.

export const KINDS = ['webhook', 'slack', 'teams', 'email'] as const;
export type Kind = (typeof KINDS)[number];

export interface ReceiverForm {
  kind: Kind;
  name: string;
  language: string;
  url: string;
  /** Of webhooks; '' = none, or the stored one. */
  secret: string;
  to: string[];
}

export const EMPTY_RECEIVER: ReceiverForm = { kind: 'webhook', name: '', language: 'en', url: '', secret: '', to: [] };

export type ReceiverFault = 'name' | 'url' | 'secret' | 'addresses';

export function checkReceiverForm(form: ReceiverForm): Partial<Record<keyof ReceiverForm, ReceiverFault>> {
  const faults: Partial<Record<keyof ReceiverForm, ReceiverFault>> = {};
  if (form.name.trim() === '') faults.name = 'name';
  if (form.kind === 'email') {
    if (form.to.length === 0 || form.to.some((address) => !/^[^\s@]+@[^\s@]+$/.test(address))) faults.to = 'addresses';
    return faults;
  }
  if (!/^https?:\/\/\S+$/.test(form.url.trim())) faults.url = 'url';
  if (form.kind === 'webhook' && form.secret !== '' && form.secret.length < 8) faults.secret = 'secret';
  return faults;
}

export function receiverBodyOf(form: ReceiverForm): Record<string, unknown> {
  const { kind, language } = form;
  const common = { kind, name: form.name.trim(), language };
  if (kind === 'email') return { ...common, to: form.to };
  return { ...common, url: form.url.trim(), ...(kind === 'webhook' && form.secret !== '' ? { secret: form.secret } : {}) };
}

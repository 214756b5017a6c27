// What a message is: its level and its sentence in both languages.

export type Language = 'en' | 'ja';
export type MessageValues = Readonly<Record<string, string | number>>;

export interface MessageForm {
  readonly level: 'info' | 'warning' | 'error';
  readonly en: string;
  readonly ja: string;
}

export function info(en: string, ja: string): MessageForm {
  return { level: 'info', en, ja };
}
export function warning(en: string, ja: string): MessageForm {
  return { level: 'warning', en, ja };
}
export function error(en: string, ja: string): MessageForm {
  return { level: 'error', en, ja };
}

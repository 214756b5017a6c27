// What is recognised without a pattern of one's own: e-mail addresses, telephone numbers, card numbers, My Number. Digits may be full width.

const D = '[0-9０-９]';
/** What people write between groups of digits. */
const S = '[-‐‑–−－ー―\\s.]';
const START = '(?<![0-9０-９A-Za-z_])';
const END = '(?![0-9０-９A-Za-z_])';

const digitsOf = (text: string): string => text.normalize('NFKC').replace(/\D/g, '');

export interface BuiltIn {
  /** Replaces what was found: "[EMAIL]". */
  label: string;
  pattern: RegExp;
  /** Whether a match is really one. */
  holds?: (match: string) => boolean;
}

export const BUILT_INS = {
  email: {
    label: 'EMAIL',
    pattern: /[A-Za-z0-9._%+-]{1,64}[@＠][A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g,
    holds: (match) => /\.[A-Za-z]{2,24}$/.test(match),
  },
  'phone-ja': {
    label: 'PHONE',
    pattern: new RegExp(`(?<![0-9０-９A-Za-z_.])(?:[+＋]81${S}?${D}{1,4}|[（(]?[0０]${D}{1,4}[）)]?)(?:${S}?${D}{1,4}){1,2}${S}?${D}{3,4}${END}`, 'g'),
    holds: (match) => isJapaneseNumber(digitsOf(match), /[^0-9０-９]/.test(match)),
  },
  'phone-en': {
    label: 'PHONE',
    pattern: /(?<![\w.])(?:\+\d{1,3}[-.\s]?(?:\(?\d{1,4}\)?[-.\s]?){1,4}\d{2,4}|\(\d{3}\)\s?\d{3}[-.\s]\d{4}|\d{3}[-.]\d{3}[-.]\d{4})(?!\w)/g,
    holds: (match) => {
      const count = digitsOf(match).length;
      return count >= 8 && count <= 15;
    },
  },
  card: {
    label: 'CARD',
    pattern: new RegExp(`${START}[2-6２-６]${D}{3}(?:${S}?${D}{2,6}){2,4}${END}`, 'g'),
    holds: (match) => isCardNumber(digitsOf(match)),
  },
  'my-number': {
    label: 'MY_NUMBER',
    // Twelve digits on their own: not the beginning or the end of a longer number.
    pattern: new RegExp(`(?<!${D}${S})${START}${D}{4}${S}?${D}{4}${S}?${D}{4}${END}(?!${S}${D})`, 'g'),
    holds: (match) => isMyNumber(digitsOf(match)),
  },
} as const satisfies Record<string, BuiltIn>;

export type BuiltInName = keyof typeof BUILT_INS;
export const BUILT_IN_NAMES = Object.keys(BUILT_INS) as BuiltInName[];

/** Ten digits from an area code, eleven from a mobile or IP code; bare digits only when they begin as such a number does. */
function isJapaneseNumber(digits: string, isWritten: boolean): boolean {
  const national = digits.startsWith('81') && !digits.startsWith('0') ? `0${digits.slice(2).replace(/^0/, '')}` : digits;
  if (/^0(?:[5789]0|120|800)/.test(national)) return national.length === 10 || national.length === 11;
  return isWritten && national.length === 10 && /^0[1-9]/.test(national);
}

/** Luhn, and a prefix that card networks use. */
function isCardNumber(digits: string): boolean {
  if (digits.length < 13 || digits.length > 19 || !/^(?:4|5[1-5]|2[2-7]|3[045678]|6)/.test(digits)) return false;
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The check digit of the individual number (Order of the Ministry of Internal Affairs No. 85 of 2014, article 5). */
function isMyNumber(digits: string): boolean {
  if (digits.length !== 12) return false;
  let sum = 0;
  for (let n = 1; n <= 11; n += 1) sum += Number(digits[11 - n]) * (n <= 6 ? n + 1 : n - 5);
  const rest = sum % 11;
  return Number(digits[11]) === (rest <= 1 ? 0 : 11 - rest);
}

// Personal data in Japanese and English text by form and check digit: no names, which need more than a form. Pure; one pass a kind.
import { byPattern, type Detector, type Finding } from './finding.ts';

/** Full-width digits, letters and signs as people in Japan type them -> ASCII, one for one, so that places in the text stay the same. */
export function folded(text: string): string {
  return text.replace(/[\uFF01-\uFF5E\u3000\u2010-\u2015\u2212\u30FC\uFF70]/g, (sign) => {
    const code = sign.charCodeAt(0);
    if (code === 0x3000) return ' ';
    return code >= 0xff01 && code <= 0xff5e ? String.fromCharCode(code - 0xfee0) : '-';
  });
}

const digitsOf = (text: string): number[] => [...text.replace(/\D/g, '')].map(Number);

/** The check digit of a My Number (12 digits): weights 2..7 and 2..6 from the right, modulo 11. */
export function isMyNumber(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length !== 12 || new Set(digits).size === 1) return false;
  let sum = 0;
  for (let place = 1; place <= 11; place += 1) sum += (digits[11 - place] as number) * (place <= 6 ? place + 1 : place - 5);
  const rest = sum % 11;
  return digits[11] === (rest <= 1 ? 0 : 11 - rest);
}

/** Luhn's check, for lengths and first digits that cards have. */
export function isCardNumber(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.length < 13 || digits.length > 19 || !/^[2-6]/.test(String(digits[0])) || new Set(digits).size === 1) return false;
  const sum = digits.reverse().reduce((total, digit, index) => total + (index % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0)), 0);
  return sum % 10 === 0;
}

/** ISO 7064 mod 97-10. */
export function isIban(text: string): boolean {
  const iban = text.replace(/\s/g, '').toUpperCase();
  if (iban.length < 15 || iban.length > 34) return false;
  let rest = 0;
  for (const sign of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(sign, 36);
    rest = (value > 9 ? rest * 100 + value : rest * 10 + value) % 97;
  }
  return rest === 1;
}

/** Lengths of Japanese numbers: 10 digits, 11 for mobile, IP and free ones. */
function isJapanesePhone(text: string): boolean {
  const digits = text
    .replace(/^\+?81/, '0')
    .replace(/\D/g, '')
    .replace(/^00/, '0');
  return /^0(?:[5789]0\d{8}|120\d{6}|800\d{7}|[1-9]\d{8})$/.test(digits);
}

const NO_DIGIT_BEFORE = String.raw`(?<![\d.,])(?<!\d-)`;
const NO_DIGIT_AFTER = String.raw`(?![\d])(?!-\d)`;
const between = (pattern: string): RegExp => new RegExp(NO_DIGIT_BEFORE + pattern + NO_DIGIT_AFTER, 'g');

function isAddress(text: string): boolean {
  return text.split('.').every((part) => Number(part) <= 255);
}

const LOCAL = /[A-Za-z0-9._%+-]/;
const DOMAIN = /(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z])/y;
const LONGEST_LOCAL = 64;

/** From each `@` outwards: a pattern that looks for the part before it takes quadratic time on text without one. */
function emails(text: string): Finding[] {
  const findings: Finding[] = [];
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > 0 && at - start < LONGEST_LOCAL && LOCAL.test(text[start - 1] as string)) start -= 1;
    while (text[start] === '.') start += 1;
    DOMAIN.lastIndex = at + 1;
    if (start < at && text[at - 1] !== '.' && DOMAIN.test(text)) findings.push({ start, end: DOMAIN.lastIndex, entity: 'EMAIL_ADDRESS' });
  }
  return findings;
}

const PREFECTURE =
  '(?:北海道|東京都|京都府|大阪府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県)';
const KANA_OR_KANJI = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]`;
/** City, ward, district, town or village, one below the other. */
const PLACES = `(?:${KANA_OR_KANJI}{1,8}?[市区郡町村])`;
/** Block and house: 1丁目2番3号, 一丁目, 1-2-3, 北1条西2丁目. */
const UNIT = '(?:丁目|番地|番|号|条|-|の)';
const BLOCK = String.raw`(?:\d{1,4}|[一二三四五六七八九十]{1,3})${UNIT}(?: ?[東西南北]?\d{1,4}${UNIT}?){0,4}`;
/** A room behind the house, with the building's name. */
const ROOM = `(?: ?[${KANA_OR_KANJI.slice(1, -1)}A-Za-z・-]{1,20} ?\\d{1,4}(?:号室|号|室|F|階))?`;

/** Addresses down to the house: a town alone is no personal data. With a prefecture a bare house number is enough. */
const ADDRESS_WITH_PREFECTURE = new RegExp(`${PREFECTURE} ?${PLACES}{1,3} ?${KANA_OR_KANJI}{0,12} ?(?:${BLOCK}|\\d{1,5}(?!\\d))${ROOM}`, 'gu');
const ADDRESS_IN_CITY = new RegExp(`${KANA_OR_KANJI}{1,6}?市${KANA_OR_KANJI}{1,6}?[区町村]${KANA_OR_KANJI}{0,12} ?${BLOCK}${ROOM}`, 'gu');

/** Presidio's names where it has one. */
const DETECTORS = {
  EMAIL_ADDRESS: emails,
  CREDIT_CARD: byPattern('CREDIT_CARD', between(String.raw`\d(?:[ -]?\d){12,18}`), isCardNumber),
  JP_MY_NUMBER: byPattern('JP_MY_NUMBER', /(?<![\d.,])(?<!\d[ -])\d{4}[ -]?\d{4}[ -]?\d{4}(?!\d)(?![ -]\d)/g, isMyNumber),
  JP_PHONE_NUMBER: byPattern('PHONE_NUMBER', between(String.raw`(?:\+?81[ -]?(?:\(0\))?|\(?0)\d{1,4}\)?[ -]?\(?\d{1,4}\)?[ -]?\d{3,4}`), isJapanesePhone),
  INTERNATIONAL_PHONE_NUMBER: byPattern('PHONE_NUMBER', /(?<![\d+])\+[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?!\d)/g, (text) => {
    const { length } = text.replace(/\D/g, '');
    return length >= 9 && length <= 15;
  }),
  US_PHONE_NUMBER: byPattern('PHONE_NUMBER', between(String.raw`(?:1[ .-])?\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[ .-]\d{4}`)),
  JP_POSTAL_CODE: byPattern('JP_POSTAL_CODE', new RegExp(String.raw`〒 ?\d{3}-?\d{4}(?!\d)|${NO_DIGIT_BEFORE}\d{3}-\d{4}${NO_DIGIT_AFTER}`, 'g')),
  JP_ADDRESS: byPattern('JP_ADDRESS', ADDRESS_WITH_PREFECTURE),
  JP_CITY_ADDRESS: byPattern('JP_ADDRESS', ADDRESS_IN_CITY),
  US_SSN: byPattern('US_SSN', between(String.raw`(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}`)),
  IBAN_CODE: byPattern('IBAN_CODE', /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])/g, isIban),
  IP_ADDRESS: byPattern('IP_ADDRESS', between(String.raw`\d{1,3}(?:\.\d{1,3}){3}`), isAddress),
} as const satisfies Record<string, Detector>;

/** Which detectors an entity of a configuration means. */
const BY_ENTITY: Readonly<Record<string, readonly Detector[]>> = {
  ...Object.fromEntries(Object.entries(DETECTORS).map(([name, detector]) => [name, [detector]])),
  JP_ADDRESS: [DETECTORS.JP_ADDRESS, DETECTORS.JP_CITY_ADDRESS],
  PHONE_NUMBER: [DETECTORS.JP_PHONE_NUMBER, DETECTORS.INTERNATIONAL_PHONE_NUMBER, DETECTORS.US_PHONE_NUMBER],
};

/** Entities that are found. */
export const PERSONAL_ENTITIES = [
  'EMAIL_ADDRESS',
  'PHONE_NUMBER',
  'CREDIT_CARD',
  'JP_MY_NUMBER',
  'JP_POSTAL_CODE',
  'JP_ADDRESS',
  'US_SSN',
  'IBAN_CODE',
  'IP_ADDRESS',
] as const;

/** A detector of one entity; null for one that is not found here. It reads full-width signs as what they stand for. */
export function personalDetector(entity: string): Detector | null {
  const detectors = Object.hasOwn(BY_ENTITY, entity) ? BY_ENTITY[entity] : undefined;
  if (detectors === undefined) return null;
  return (text) => {
    const plain = folded(text);
    return detectors.flatMap((detector) => detector(plain));
  };
}

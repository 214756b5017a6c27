// Heuristics against prompt injection: phrases, in English and Japanese, that ask a model to leave its instructions or to tell them. They find the usual, not the determined.
import { byPattern, type Detector } from './finding.ts';

const VERB = '(?:ignore|disregard|forget|override|bypass|skip|do not follow|stop following)';
const WHAT = '(?:instructions?|prompts?|rules?|directions?|guidelines?|guardrails?|commands?|constraints?|programming|training)';
const WHICH =
  '(?:(?:all|any|the|your|my|our|these|those|of|previous|prior|above|earlier|preceding|foregoing|system|developer|safety|initial|original)[ ,]+){0,6}';

const PHRASES: readonly RegExp[] = [
  new RegExp(String.raw`\b${VERB}[ ,]+${WHICH}${WHAT}\b`, 'gi'),
  /\b(?:reveal|show|print|repeat|output|display|tell me|leak|disclose|dump)\b[^.\n]{0,40}\b(?:system|hidden|initial|original|secret|developer) (?:prompt|instructions?|message)\b/gi,
  /\byou are (?:now|no longer)\b[^.\n]{0,60}\b(?:DAN|jailbroken|unrestricted|unfiltered|uncensored|without (?:any )?(?:restrictions?|rules?|filters?))/gi,
  /\b(?:enable|enter|activate|switch to) (?:developer|debug|god|jailbreak|DAN|sudo) mode\b/gi,
  /\bdo anything now\b/gi,
  /\bpretend (?:that )?(?:you|there) (?:have|are) no (?:restrictions?|rules?|guidelines?|filters?|limits?)\b/gi,
  /<\|?(?:im_start|im_end|system|endoftext)\|?>/gi,
  /\[\/?(?:INST|SYS)\]|<<\/?SYS>>/g,
  /(?:これまで|以前|以上|上記|前|すべて|全て|システム)(?:まで)?の?(?:すべて|全て)?の?(?:指示|命令|ルール|規則|プロンプト|制約|設定)を?(?:すべて|全て|完全に)?(?:無視|忘れ|破棄|無効)/g,
  /(?:指示|命令|ルール|規則|制約)(?:を|は)(?:すべて|全て|一切|完全に)?(?:無視し|忘れ|守らな|従わな)/g,
  /(?:システム|内部|隠された|秘密の|初期)の?(?:プロンプト|指示|命令|設定)を?(?:そのまま|すべて|全て|全文)?(?:教え|表示|出力|開示|見せ|公開)/g,
  /(?:制限|制約|フィルター|規制)の?(?:ない|なし|無し|を解除|を外)[^。\n]{0,20}(?:モード|AI|アシスタント|として)/g,
  /(?:脱獄|ジェイルブレイク|開発者|デバッグ)モード(?:を|に)/g,
];

const DETECTORS = PHRASES.map((phrase) => byPattern('PROMPT_INJECTION', phrase));

/** Places where a text tries to take over. Full-width and odd spaces are read as plain ones. */
export const injectionDetector: Detector = (text) => {
  const plain = text.replace(/[\u00A0\u2000-\u200B\u3000\t]/g, ' ');
  return DETECTORS.flatMap((detector) => detector(plain));
};

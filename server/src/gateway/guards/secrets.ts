// Keys and tokens by their form: what a prompt should never carry to a provider. Pure.
import { behind, byPattern, type Detector } from './finding.ts';

const token = (entity: string, pattern: string, accepts?: (match: string) => boolean): Detector =>
  byPattern(entity, new RegExp(`(?<![A-Za-z0-9_-])${pattern}(?![A-Za-z0-9_-])`, 'g'), accepts);

const DETECTORS: readonly Detector[] = [
  token('OPENAI_KEY', `sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,200}`, isMixed),
  token('ANTHROPIC_KEY', `sk-ant-[A-Za-z0-9_-]{20,200}`),
  token('AWS_ACCESS_KEY_ID', `(?:AKIA|ASIA)[A-Z0-9]{16}`),
  token('GITHUB_TOKEN', `(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})`),
  token('GITLAB_TOKEN', `glpat-[A-Za-z0-9_-]{20,50}`),
  token('GOOGLE_API_KEY', `AIza[A-Za-z0-9_-]{35}`),
  token('SLACK_TOKEN', `xox[abposr]-[A-Za-z0-9-]{10,200}`),
  token('STRIPE_KEY', `(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,200}`),
  token('GROQ_KEY', `gsk_[A-Za-z0-9]{40,80}`),
  token('HUGGINGFACE_TOKEN', `hf_[A-Za-z0-9]{30,60}`),
  token('LANGFUSE_KEY', `[sp]k-lf-[0-9a-f-]{36}`),
  token('NPM_TOKEN', `npm_[A-Za-z0-9]{36}`),
  token('JWT', `eyJ[A-Za-z0-9_-]{8,2000}.eyJ[A-Za-z0-9_-]{8,4000}.[A-Za-z0-9_-]{8,1000}`),
  byPattern('SLACK_WEBHOOK', /https:\/\/hooks\.slack\.com\/services\/[A-Za-z0-9/]{20,100}/g),
  byPattern('PRIVATE_KEY', /-----BEGIN (?:[A-Z]{2,20} ){0,2}PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END (?:[A-Z]{2,20} ){0,2}PRIVATE KEY-----|$)/g),
  behind('URL_CREDENTIALS', /(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@]{1,100}:)([^\s/@]{3,200})@/g),
  // A value beside a telling name: `AWS_SECRET_ACCESS_KEY=...`, `"password": "..."`.
  behind(
    'SECRET',
    /((?:secret|password|passwd|api[_-]?key|access[_-]?key|access[_-]?token|auth[_-]?token)["']?\s{0,3}[:=]\s{0,3}["']?)([A-Za-z0-9+/=_.!@#$%^&*~-]{8,200})/gi,
    isMixed,
  ),
];

/** Everything that looks like a secret. */
export const secretDetector: Detector = (text) => DETECTORS.flatMap((detector) => detector(text));

/** Words are not secrets: what holds digits beside letters may be one. */
function isMixed(text: string): boolean {
  return /\d/.test(text) && /[A-Za-z]/.test(text);
}

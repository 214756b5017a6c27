// Guards that decide in this process: personal data, secrets, injections, patterns and words. Each is a set of detectors that mask and a set that refuse.
import { AppError } from '#lib/errors.ts';
import { byPattern, type Detector, masked, ordered } from './finding.ts';
import type { Guard, GuardConfig, GuardInput, Verdict } from './guard.ts';
import { injectionDetector } from './injection.ts';
import { personalDetector } from './personal-data.ts';
import { secretDetector } from './secrets.ts';

const none: Detector = () => [];
const joined = (detectors: readonly Detector[]): Detector => (detectors.length === 0 ? none : (text) => detectors.flatMap((detector) => detector(text)));

export function localGuard(config: GuardConfig & { kind: 'personal_data' | 'secrets' | 'injection' | 'content_filter' }): Guard {
  const { masks, blocks } = detectorsOf(config);
  return {
    name: config.name,
    modes: config.modes,
    defaultOn: config.defaultOn,
    refuses: refuses(config),
    isLocal: true,
    failOpen: false,
    stream: { masks, blocks },
    inspect: (input) => inspect(input, { masks, blocks, violation: config.violation }),
  };
}

function refuses(config: GuardConfig): boolean {
  if (config.kind === 'personal_data') return [...config.entities.values()].includes('BLOCK');
  if (config.kind === 'secrets') return config.action === 'BLOCK';
  if (config.kind === 'content_filter') return [...config.patterns, ...config.prebuilt, ...config.words].some(({ action }) => action === 'BLOCK');
  return config.kind === 'injection';
}

interface Detectors {
  masks: Detector;
  blocks: Detector;
}

function detectorsOf(config: GuardConfig): Detectors {
  switch (config.kind) {
    case 'personal_data': {
      const of = (action: 'MASK' | 'BLOCK'): Detector =>
        joined([...config.entities].filter(([, wanted]) => wanted === action).map(([entity]) => personalDetector(entity) ?? none));
      return { masks: of('MASK'), blocks: of('BLOCK') };
    }
    case 'secrets':
      return config.action === 'MASK' ? { masks: secretDetector, blocks: none } : { masks: none, blocks: secretDetector };
    case 'injection':
      return { masks: none, blocks: injectionDetector };
    case 'content_filter': {
      const of = (action: 'MASK' | 'BLOCK'): Detector =>
        joined([
          ...config.patterns.filter((pattern) => pattern.action === action).map(({ name, pattern }) => byPattern(name, pattern)),
          ...config.prebuilt
            .filter((one) => one.action === action)
            .map(({ entity }) => (entity === 'SECRET' ? secretDetector : (personalDetector(entity) ?? none))),
          wordDetector(config.words.filter((word) => word.action === action).map(({ keyword }) => keyword)),
        ]);
      return { masks: of('MASK'), blocks: of('BLOCK') };
    }
    default:
      throw new AppError(`the guard ${config.name} does not decide here`, { status: 500, code: 'internal_server_error' });
  }
}

function inspect({ texts }: GuardInput, { masks, blocks, violation }: Detectors & { violation: string | null }): Verdict {
  const blocked = new Set<string>();
  let changed = false;
  const after = texts.map((text) => {
    const refusing = blocks(text);
    for (const { entity } of refusing) blocked.add(entity);
    const findings = [...refusing, ...masks(text)];
    if (findings.length === 0) return text;
    changed = true;
    return masked(text, findings);
  });
  if (!changed) return { texts: null, refusal: null };
  // What is refused is masked too: it must not be written down either.
  return { texts: after, refusal: blocked.size === 0 ? null : (violation ?? `found ${[...blocked].join(', ')}`) };
}

/** Words and phrases whatever their case; a Latin word only where it stands alone. */
function wordDetector(words: readonly string[]): Detector {
  if (words.length === 0) return none;
  const quoted = [...words].sort((one, other) => other.length - one.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  const latin = quoted.filter((word) => /^[\w\s'-]/.test(word) && /[\w'-]$/.test(word));
  const others = quoted.filter((word) => !latin.includes(word));
  const detectors: Detector[] = [];
  if (latin.length > 0) detectors.push(byPattern('KEYWORD', new RegExp(String.raw`(?<![\p{L}\p{N}_])(?:${latin.join('|')})(?![\p{L}\p{N}_])`, 'giu')));
  if (others.length > 0) detectors.push(byPattern('KEYWORD', new RegExp(others.join('|'), 'giu')));
  return (text) => ordered(joined(detectors)(text));
}

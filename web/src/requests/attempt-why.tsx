// Why an attempt went to its deployment, why not to the others, and how its cost came about.
import type { ConsoleRequest } from '@genai/server/contract';
import type { ReactNode } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import { formatCount, formatInstant } from '#lib/format.ts';
import styles from './request-drawer.module.css';

type Attempt = ConsoleRequest['attempts'][number];
type PassedOver = NonNullable<Attempt['choice']>['passedOver'][number];

/** How a deployment was chosen, in words; a strategy of the configuration keeps its name. */
const CHOSEN: Readonly<Record<string, TextKey>> = {
  affinity: 'attempts.byAffinity',
  hedge: 'attempts.byHedge',
  retry: 'attempts.byRetry',
  'last resort': 'attempts.byLastResort',
};

const REASONS: Readonly<Record<PassedOver['why'], TextKey>> = {
  'not ready': 'attempts.whyNotReady',
  budget: 'attempts.whyBudget',
  tried: 'attempts.whyTried',
  resting: 'attempts.whyResting',
  probed: 'attempts.whyProbed',
  'context window': 'attempts.whyContext',
  order: 'attempts.whyOrder',
  strategy: 'attempts.whyStrategy',
  affinity: 'attempts.whyAffinity',
  tags: 'attempts.whyTags',
};

const PARTS: Readonly<Record<Attempt['costLines'][number]['part'], TextKey>> = {
  input: 'attempts.partInput',
  cachedInput: 'attempts.partCachedInput',
  cachedAudioInput: 'attempts.partCachedAudio',
  cacheCreationInput: 'attempts.partCacheCreation',
  audioInput: 'attempts.partAudioInput',
  output: 'attempts.partOutput',
  reasoningOutput: 'attempts.partReasoning',
  audioOutput: 'attempts.partAudioOutput',
  imageInput: 'attempts.partImageInput',
  imageOutput: 'attempts.partImageOutput',
  searches: 'attempts.partSearches',
  images: 'attempts.partImages',
  megapixels: 'attempts.partMegapixels',
  characters: 'attempts.partCharacters',
  seconds: 'attempts.partSeconds',
};

export function AttemptWhy({ attempt, currency }: { attempt: Attempt; currency: string }): ReactNode {
  const { t, language } = useText();
  const { choice, costLines, priceId } = attempt;
  if (choice === null && costLines.length === 0) return null;
  const by = choice === null ? undefined : CHOSEN[choice.by];
  return (
    <dl className={styles.reasons}>
      {choice && (
        <>
          <dt>{t('attempts.chosen')}</dt>
          <dd>{by === undefined ? t('attempts.byStrategy', { strategy: choice.by }) : t(by)}</dd>
          {choice.passedOver.map((other) => (
            <dd key={other.deploymentId}>
              <span className={styles.deployment}>{other.deploymentId}</span> – {t(REASONS[other.why])}
              {other.status !== undefined && ` (${other.status})`}
              {other.until !== undefined && ` ${t('attempts.until', { time: formatInstant(other.until, language) })}`}
            </dd>
          ))}
          {choice.others > choice.passedOver.length && <dd>{t('attempts.moreOthers', { count: choice.others - choice.passedOver.length })}</dd>}
        </>
      )}
      {costLines.length > 0 && (
        <>
          <dt>{t('attempts.price')}</dt>
          {costLines.map((line) => (
            <dd key={line.part} className="numeric">
              {t(PARTS[line.part])}: {formatCount(line.tokens, language)} × {line.perToken} {currency}
            </dd>
          ))}
          {priceId !== null && <dd>{t('attempts.fromPrice', { id: priceId })}</dd>}
        </>
      )}
    </dl>
  );
}

// Two texts line by line: what was taken away and what was added.
import { diffLines } from 'diff';
import { type ReactNode, useMemo } from 'react';
import { useText } from '#i18n/i18n.ts';
import styles from './text-difference.module.css';

export function TextDifference({ before, after }: { before: string; after: string }): ReactNode {
  const { t } = useText();
  const parts = useMemo(() => diffLines(before, after, { timeout: 2_000 }), [before, after]);
  if (parts === undefined) return <p>{t('comparison.tooDifferent')}</p>;
  return (
    <pre className={styles.difference}>
      {parts.map((part, index) => {
        const sign = part.added ? '+' : part.removed ? '−' : ' ';
        const lines = part.value.replace(/\n$/, '').split('\n');
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a comparison are computed together.
          <span key={index} data-kind={part.added ? 'added' : part.removed ? 'removed' : 'same'}>
            {lines.map((line) => `${sign} ${line}\n`).join('')}
          </span>
        );
      })}
    </pre>
  );
}

// An id that can be copied: cut with an ellipsis where it does not fit, whole in its title.
import type { ReactNode } from 'react';
import { CopyButton } from './copy-button.tsx';
import styles from './identifier.module.css';

export function Identifier({ value }: { value: string }): ReactNode {
  return (
    <span className={styles.identifier}>
      <span className={styles.value} title={value}>
        {value}
      </span>
      <CopyButton text={value} />
    </span>
  );
}

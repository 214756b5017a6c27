// A list of names and values, aligned; what is null is left out.
import type { ReactNode } from 'react';
import styles from './facts.module.css';

export function Facts({ items }: { items: readonly (readonly [string, ReactNode])[] }): ReactNode {
  const known = items.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return (
    <dl className={styles.list}>
      {known.map(([name, value]) => (
        <div key={name} className={styles.item}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

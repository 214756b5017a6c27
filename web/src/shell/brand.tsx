// The platform's mark and name.
import type { ReactNode } from 'react';
import icon from '#icon.svg';
import styles from './shell.module.css';

export function Brand(): ReactNode {
  return (
    <span className={styles.brand}>
      <img src={icon} width={22} height={22} alt="" />
      GenAI Platform
    </span>
  );
}

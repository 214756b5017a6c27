// The frame of whatever edits a metrics query: fields, and the picture of what they make beside them; below them where there is no room.
import type { ReactNode } from 'react';
import styles from './editor.module.css';

/** Fields first, then their preview. */
export function EditorFrame({ children }: { children: ReactNode }): ReactNode {
  return <div className={styles.editor}>{children}</div>;
}

/** Fields that belong together, side by side; `align="end"` where one of them has no label. */
export function Pair({ align, children }: { align?: 'end'; children: ReactNode }): ReactNode {
  return (
    <div className={styles.pair} data-align={align}>
      {children}
    </div>
  );
}

/** The picture's place; it stays in sight while the fields scroll. */
export function Preview({ label, children }: { label: string; children: ReactNode }): ReactNode {
  return (
    <section className={styles.preview} aria-label={label}>
      {children}
    </section>
  );
}

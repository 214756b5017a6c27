// A text to read or paste, with a copy button in its corner.
import type { ReactNode } from 'react';
import styles from './code-block.module.css';
import { CopyButton } from './copy-button.tsx';

/** Above this many characters only the beginning is laid out until the reader asks; layout of a 10 MB line freezes a browser. */
const SHOWN_CHARACTERS = 100_000;

export function CodeBlock({ text, label, wrap = false, maxHeight }: { text: string; label?: string; wrap?: boolean; maxHeight?: number }): ReactNode {
  return (
    <div className={styles.frame}>
      <pre className={wrap ? styles.wrapped : styles.text} style={maxHeight === undefined ? undefined : { maxHeight }}>
        <code>{text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text}</code>
      </pre>
      <div className={styles.corner}>
        <CopyButton text={text} {...(label === undefined ? {} : { label })} />
      </div>
    </div>
  );
}

// A JSON value as a tree that opens level by level; children are drawn only when opened, so size does not matter.
import { IconChevronRight } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import styles from './json-view.module.css';

const CHUNK = 100;

export function JsonView({ value, openLevels = 2 }: { value: unknown; openLevels?: number }): ReactNode {
  return (
    <div className={styles.root}>
      <JsonNode name={null} value={value} openLevels={openLevels} />
    </div>
  );
}

function JsonNode({ name, value, openLevels }: { name: string | null; value: unknown; openLevels: number }): ReactNode {
  const label = name === null ? null : <span className={styles.name}>{name}: </span>;
  if (typeof value !== 'object' || value === null)
    return (
      <div className={styles.leaf}>
        {label}
        <Scalar value={value} />
      </div>
    );
  return <Branch label={label} value={value} openLevels={openLevels} />;
}

function Branch({ label, value, openLevels }: { label: ReactNode; value: object; openLevels: number }): ReactNode {
  const { t } = useText();
  const [open, setOpen] = useState(openLevels > 0);
  const [shown, setShown] = useState(CHUNK);
  const entries = Object.entries(value);
  const list = Array.isArray(value);
  const summary = list ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0)
    return (
      <div className={styles.leaf}>
        {label}
        <span className="quiet">{list ? '[]' : '{}'}</span>
      </div>
    );
  return (
    <div>
      <button type="button" className={styles.toggle} aria-expanded={open} onClick={() => setOpen(!open)}>
        <IconChevronRight size={12} className={open ? styles.opened : styles.closed} aria-hidden />
        {label}
        <span className="quiet">{summary}</span>
      </button>
      {open && (
        <div className={styles.children}>
          {entries.slice(0, shown).map(([key, child]) => (
            <JsonNode key={key} name={key} value={child} openLevels={openLevels - 1} />
          ))}
          {entries.length > shown && (
            <button type="button" className={styles.toggle} onClick={() => setShown(shown + CHUNK * 10)}>
              {t('json.more', { count: entries.length - shown })}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function Scalar({ value }: { value: unknown }): ReactNode {
  if (typeof value === 'string') return <span className={styles.text}>{value === '' ? '""' : value}</span>;
  return <span className={value === null ? styles.nothing : styles.number}>{String(value)}</span>;
}

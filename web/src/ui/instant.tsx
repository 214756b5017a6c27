// A point in time in the reader's zone; the exact UTC instant stands in the title.
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatInstant, formatShortInstant } from '#lib/format.ts';

export function Instant({ at, short = false }: { at: string | null; short?: boolean }): ReactNode {
  const { language } = useText();
  return (
    <time className="numeric" dateTime={at ?? undefined} title={at ?? undefined}>
      {short ? formatShortInstant(at, language) : formatInstant(at, language)}
    </time>
  );
}

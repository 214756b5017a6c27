// A point in time in the reader's zone; the exact UTC instant stands in the title.
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatInstant } from '#lib/format.ts';

export function Instant({ at }: { at: string | null }): ReactNode {
  const { language } = useText();
  return (
    <time className="numeric" dateTime={at ?? undefined} title={at ?? undefined}>
      {formatInstant(at, language)}
    </time>
  );
}

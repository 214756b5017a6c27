// The masking of every project in memory, kept true by news of the records: what may not be stored is replaced before anything is written.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { type MaskingRule, type TextMask, textMaskOf } from './rules.ts';

const MASKING_CHANNEL = 'genai_masking';

export interface MaskingOptions {
  /** Keys the hashes that stand in for what was replaced. */
  secret: Buffer;
  /** Told once a replacement. */
  count: (rule: string) => void;
  onError: (error: unknown) => void;
}

export interface MaskingDirectory {
  /** What a text of the project becomes; null when the project masks nothing. */
  maskOf(projectId: string): ((text: string) => string) | null;
  close(): Promise<void>;
}

/** Loads the rules before it resolves: nothing is accepted unmasked at a start. @throws AppError 503 while the records are away. */
export async function openMasking(records: Pick<Records, 'query' | 'listen'>, { secret, count, onError }: MaskingOptions): Promise<MaskingDirectory> {
  let masks = new Map<string, TextMask>();
  const reload = async (): Promise<void> => {
    const rows = await records.query<{ id: string; rules: MaskingRule[] }>(sql`SELECT id, masking_rules AS rules FROM projects WHERE masking_rules <> '[]'`);
    const next = new Map<string, TextMask>();
    for (const { id, rules } of rows) {
      const mask = textMaskOf(rules, secret);
      if (mask !== null) next.set(id, mask);
    }
    masks = next;
  };
  const again = (): void => void reload().catch(onError);
  const stopListening = await records.listen(MASKING_CHANNEL, again, again);
  await reload();
  return {
    maskOf(projectId) {
      const mask = masks.get(projectId);
      return mask === undefined ? null : (text) => mask(text, count);
    },
    close: stopListening,
  };
}

// Settings that were registered while the platform runs (/config/update): every value sealed in the records, read as a layer above the configuration file.
import type { Sealer } from '#lib/sealed.ts';
import type { StoredSections } from '#settings/settings.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';

export type SettingSection = keyof StoredSections;

/** One change: null takes the setting away. */
export interface SettingChange {
  readonly section: SettingSection;
  readonly name: string;
  readonly value: unknown;
}

export class StoredSettings {
  readonly #parts: { records: Records; sealer: Sealer; log: Log };

  constructor(parts: { records: Records; sealer: Sealer; log: Log }) {
    this.#parts = parts;
  }

  /** All of them; one that cannot be opened is named in the log and left out. */
  async all(): Promise<StoredSections> {
    const { records, sealer, log } = this.#parts;
    const rows = await records.query<{ section: SettingSection; name: string; sealed_value: string }>(sql`
      SELECT section, name, sealed_value FROM stored_settings ORDER BY section, name`);
    const sections = emptySections();
    for (const { section, name, sealed_value: sealed } of rows) {
      try {
        if (Object.hasOwn(sections, section)) sections[section][name] = JSON.parse(sealer.open(sealed, purpose(section, name)));
      } catch (error) {
        log.error('a registered setting cannot be read', { section, name, error });
      }
    }
    return sections;
  }

  /** Writes all changes or none. */
  async write(changes: readonly SettingChange[], actor: string): Promise<void> {
    const { records, sealer } = this.#parts;
    await records.transaction(async (session) => {
      for (const { section, name, value } of changes) {
        if (value === null) await session.query(sql`DELETE FROM stored_settings WHERE section = ${section} AND name = ${name}`);
        else
          await session.query(sql`
            INSERT INTO stored_settings (section, name, sealed_value, updated_by)
            VALUES (${section}, ${name}, ${sealer.seal(JSON.stringify(value), purpose(section, name))}, ${actor})
            ON CONFLICT (section, name) DO UPDATE SET sealed_value = excluded.sealed_value, updated_by = excluded.updated_by, updated_at = now()`);
      }
    });
  }
}

export function emptySections(): { [Section in SettingSection]: Record<string, unknown> } {
  return { litellm_settings: {}, general_settings: {}, router_settings: {}, environment_variables: {} };
}

/** The sections as they would be after some changes. */
export function withChanges(sections: StoredSections, changes: readonly SettingChange[]): StoredSections {
  const next = emptySections();
  for (const section of Object.keys(next) as SettingSection[]) Object.assign(next[section], sections[section]);
  for (const { section, name, value } of changes) {
    if (value === null) delete next[section][name];
    else next[section][name] = value;
  }
  return next;
}

const purpose = (section: string, name: string): string => `setting:${section}:${name}`;

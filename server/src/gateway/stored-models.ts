// Models and credentials that the admin API registered: sealed in the records, read as deployments like those of the file.
import { wordOf } from '#lib/json.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { Deployment } from '#settings/settings.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface StoredModel {
  readonly id: string;
  readonly modelName: string;
  readonly params: Fields;
  readonly info: Fields;
  /** Serves no call until it is unblocked. */
  readonly blocked: boolean;
  readonly createdAt: Date;
  readonly createdBy: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string | null;
}

export interface Credential {
  readonly name: string;
  readonly values: Fields;
  readonly info: Fields;
}

export interface StoredModelParts {
  records: Records;
  sealer: Sealer;
  /** settings/stored-model.ts: an entry of model_list as a deployment, or why not. */
  readModel: (entry: { model_name: string; litellm_params: Fields; model_info: Fields }) => { deployment: Deployment } | { problem: string };
  log: Log;
}

interface ModelRow {
  id: string;
  model_name: string;
  sealed_params: string;
  info: Fields;
  blocked: boolean;
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
}

export class StoredModels {
  readonly #parts: StoredModelParts;

  constructor(parts: StoredModelParts) {
    this.#parts = parts;
  }

  /** Every stored model that is not blocked as a deployment. One that cannot be read is named in the log and left out: the others must not suffer. */
  async deployments(): Promise<Deployment[]> {
    const credentials = await this.#usableCredentials();
    const rows = await this.#rows();
    return rows.flatMap((row) => {
      if (row.blocked) return [];
      try {
        const built = this.#build(this.#open(row), credentials);
        if ('deployment' in built) return [built.deployment];
        this.#parts.log.error('a stored model cannot be served', { modelId: row.id, problem: built.problem });
      } catch (error) {
        this.#parts.log.error('a stored model cannot be read', { modelId: row.id, error });
      }
      return [];
    });
  }

  /** Why a model could not be served; null when it could. */
  async problemOf(model: Pick<StoredModel, 'id' | 'modelName' | 'params' | 'info'>): Promise<string | null> {
    const built = this.#build(model, await this.#usableCredentials());
    return 'problem' in built ? built.problem : (built.deployment.problem ?? null);
  }

  /** The deployment that a model would be, or why there would be none. */
  async attempt(model: Pick<StoredModel, 'id' | 'modelName' | 'params' | 'info'>): Promise<{ deployment: Deployment } | { problem: string }> {
    return this.#build(model, await this.#usableCredentials());
  }

  /** All of them; one that cannot be read is named in the log and left out. */
  async list(): Promise<StoredModel[]> {
    return (await this.#rows()).flatMap((row) => {
      try {
        return [this.#open(row)];
      } catch (error) {
        this.#parts.log.error('a registered model cannot be read', { model: row.id, error });
        return [];
      }
    });
  }

  async find(id: string): Promise<StoredModel | null> {
    const row = (await this.#rows()).find((candidate) => candidate.id === id);
    return row === undefined ? null : this.#open(row);
  }

  /** A model that names a credential; null when none does. */
  async modelNaming(credential: string): Promise<string | null> {
    const models = (await this.#rows()).map((row) => this.#open(row));
    return models.find(({ params }) => params.litellm_credential_name === credential)?.modelName ?? null;
  }

  async write(model: Pick<StoredModel, 'id' | 'modelName' | 'params' | 'info'>, actor: string): Promise<void> {
    const { id, modelName, params, info } = model;
    const sealed = this.#parts.sealer.seal(JSON.stringify(params), `model:${id}`);
    await this.#parts.records.query(sql`
      INSERT INTO stored_models (id, model_name, sealed_params, info, created_by, updated_by)
      VALUES (${id}, ${modelName}, ${sealed}, ${JSON.stringify(info)}::jsonb, ${actor}, ${actor})
      ON CONFLICT (id) DO UPDATE SET model_name = excluded.model_name, sealed_params = excluded.sealed_params, info = excluded.info,
        updated_by = excluded.updated_by, updated_at = now()`);
  }

  /** False when there is no such model. */
  async block(id: string, blocked: boolean, actor: string): Promise<boolean> {
    const rows = await this.#parts.records.query(sql`
      UPDATE stored_models SET blocked = ${blocked}, updated_by = ${actor}, updated_at = now() WHERE id = ${id} RETURNING id`);
    return rows.length > 0;
  }

  async remove(id: string): Promise<boolean> {
    const rows = await this.#parts.records.query(sql`DELETE FROM stored_models WHERE id = ${id} RETURNING id`);
    return rows.length > 0;
  }

  async credentials(): Promise<Credential[]> {
    const rows = await this.#credentialRows();
    return rows.map((row) => ({ name: row.name, info: row.info, values: this.#openValues(row) }));
  }

  async writeCredential({ name, values, info }: Credential, actor: string): Promise<void> {
    const sealed = this.#parts.sealer.seal(JSON.stringify(values), `credential:${name}`);
    await this.#parts.records.query(sql`
      INSERT INTO credentials (name, sealed_values, info, created_by, updated_by)
      VALUES (${name}, ${sealed}, ${JSON.stringify(info)}::jsonb, ${actor}, ${actor})
      ON CONFLICT (name) DO UPDATE SET sealed_values = excluded.sealed_values, info = excluded.info, updated_by = excluded.updated_by, updated_at = now()`);
  }

  async removeCredential(name: string): Promise<boolean> {
    const rows = await this.#parts.records.query(sql`DELETE FROM credentials WHERE name = ${name} RETURNING name`);
    return rows.length > 0;
  }

  async #rows(): Promise<ModelRow[]> {
    return await this.#parts.records.query<ModelRow>(sql`
      SELECT id, model_name, sealed_params, info, blocked, created_at, created_by, updated_at, updated_by FROM stored_models ORDER BY created_at, id`);
  }

  async #credentialRows(): Promise<{ name: string; sealed_values: string; info: Fields }[]> {
    return await this.#parts.records.query(sql`SELECT name, sealed_values, info FROM credentials ORDER BY name`);
  }

  /** Credentials that can be read; one that cannot is named in the log, and its models say that it is missing. */
  async #usableCredentials(): Promise<Map<string, Fields>> {
    const usable = new Map<string, Fields>();
    for (const row of await this.#credentialRows()) {
      try {
        usable.set(row.name, this.#openValues(row));
      } catch (error) {
        this.#parts.log.error('a credential cannot be read', { credential: row.name, error });
      }
    }
    return usable;
  }

  #openValues(row: { name: string; sealed_values: string }): Fields {
    return JSON.parse(this.#parts.sealer.open(row.sealed_values, `credential:${row.name}`)) as Fields;
  }

  #open(row: ModelRow): StoredModel {
    return {
      id: row.id,
      modelName: row.model_name,
      params: JSON.parse(this.#parts.sealer.open(row.sealed_params, `model:${row.id}`)) as Fields,
      info: row.info,
      blocked: row.blocked,
      createdAt: row.created_at,
      createdBy: row.created_by,
      updatedAt: row.updated_at,
      updatedBy: row.updated_by,
    };
  }

  #build(
    model: Pick<StoredModel, 'id' | 'modelName' | 'params' | 'info'>,
    credentials: ReadonlyMap<string, Fields>,
  ): ReturnType<StoredModelParts['readModel']> {
    const { litellm_credential_name: name, ...params } = model.params;
    const values = typeof name === 'string' ? credentials.get(name) : {};
    if (values === undefined) return { problem: `the credential ${wordOf(name)} does not exist; create it with /credentials` };
    // What the model says itself wins over its credential.
    const whole = { ...values, ...params };
    return this.#parts.readModel({ model_name: model.modelName, litellm_params: whole, model_info: { ...model.info, id: model.id, db_model: true } });
  }
}

// What rows of LiteLLM become here: values with the column names of our tables, ready for one statement a batch.
import type { Fields } from './fields.ts';

export type SpendKind = 'key' | 'team' | 'member' | 'user' | 'organization' | 'end_user' | 'tag';

/** One row of the source, understood. */
export interface Taken<Value> {
  readonly id: string;
  /** What it had spent there so far. */
  readonly spentPicos: bigint;
  readonly value: Value;
}

export interface WrittenBy {
  readonly created_at: string | null;
  readonly created_by: string | null;
  readonly updated_at: string | null;
  readonly updated_by: string | null;
}

/** A row of spend_limits without its spend. */
export interface TakenLevel extends WrittenBy {
  readonly kind: SpendKind | 'budget';
  readonly subject: string;
  readonly organization_id: string | null;
  readonly max_budget: string | null;
  readonly soft_budget: string | null;
  readonly budget_duration: string | null;
  readonly budget_reset_at: string | null;
  readonly rpm_limit: number | null;
  readonly tpm_limit: number | null;
  readonly max_parallel_requests: number | null;
  readonly model_limits: Fields;
  readonly budget_id: string | null;
  readonly blocked: boolean;
  readonly profile: Fields;
}

export interface TakenOrganization extends WrittenBy {
  readonly id: string;
  readonly name: string;
  readonly models: readonly string[];
  readonly metadata: Fields;
  readonly other_fields: Fields;
  readonly level: TakenLevel;
}

export interface TakenMember {
  readonly user_id: string;
  readonly email: string | null;
  readonly role: 'admin' | 'user';
}

export interface TakenTeam extends WrittenBy {
  readonly id: string;
  readonly alias: string | null;
  readonly organization_id: string;
  readonly models: readonly string[];
  readonly model_aliases: Fields;
  readonly blocked: boolean;
  readonly metadata: Fields;
  readonly other_fields: Fields;
  readonly members: readonly TakenMember[];
  readonly level: TakenLevel;
}

export interface TakenUser extends WrittenBy {
  readonly id: string;
  readonly organization_id: string;
  readonly alias: string | null;
  readonly email: string | null;
  readonly role: string;
  readonly sso_user_id: string | null;
  readonly models: readonly string[];
  readonly metadata: Fields;
  readonly other_fields: Fields;
  readonly level: TakenLevel;
}

export interface TakenOrganizationMember {
  readonly organization_id: string;
  readonly user_id: string;
  readonly role: string;
  readonly created_at: string | null;
  readonly updated_at: string | null;
}

export interface TakenKey extends WrittenBy {
  readonly id: string;
  readonly alias: string | null;
  readonly name: string;
  readonly models: readonly string[];
  readonly max_budget: string | null;
  readonly budget_duration: string | null;
  readonly budget_reset_at: string | null;
  readonly rpm_limit: number | null;
  readonly tpm_limit: number | null;
  readonly max_parallel_requests: number | null;
  readonly expires_at: string | null;
  readonly blocked: boolean;
  readonly team_id: string | null;
  readonly user_id: string | null;
  readonly organization_id: string;
  readonly tags: readonly string[];
  readonly metadata: Fields;
  readonly other_fields: Fields;
}

export interface TakenReplacedKey {
  readonly id: string;
  readonly active_id: string;
  readonly revoke_at: string;
  readonly created_at: string | null;
}

export interface TakenModel extends WrittenBy {
  readonly id: string;
  readonly modelName: string;
  readonly params: Fields;
  readonly info: Fields;
}

export interface TakenCredential extends WrittenBy {
  readonly name: string;
  readonly values: Fields;
  readonly info: Fields;
}

// Who is calling: the result of every door's authentication, passed down and never looked up.

import type { BudgetClaim, Limiter, ModelList } from './governing.ts';

/** A virtual key as the gateway uses it on the hot path; amounts are picos (1e-12). Snapshot: replaced whole when the key changes. */
export interface VirtualKey {
  /** SHA-256 of the key in hex (LiteLLM's `token`). */
  readonly id: string;
  readonly alias: string | null;
  /** sk-...XXXX */
  readonly name: string;
  /** Model names, wildcards ("openai/*", "*"); empty = every model. */
  readonly models: readonly string[];
  readonly maxBudgetPicos: bigint | null;
  readonly rpmLimit: number | null;
  readonly tpmLimit: number | null;
  readonly maxParallelRequests: number | null;
  /** Epoch milliseconds; null = never. */
  readonly expiresAtMs: number | null;
  readonly blocked: boolean;
  readonly teamId: string | null;
  readonly teamAlias: string | null;
  readonly userId: string | null;
  readonly organizationId: string;
  readonly costCentre: string | null;
  /** Project that the key's calls are traced to. */
  readonly projectId: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** False: the key's calls keep no request or answer content. */
  readonly keepContent: boolean;
  /** Budgets of the key and of every level above it: those that concern each call, and those that concern one model. */
  readonly claims: readonly BudgetClaim[];
  readonly modelClaims: readonly BudgetClaim[];
  /** Rates of the key and of every level above it. */
  readonly limiters: readonly Limiter[];
  /** Levels that allow less than every model: each must allow the one that is asked for. Empty = every model. */
  readonly modelLists: readonly ModelList[];
  /** The team's and the key's own names for models; null when there are none. */
  readonly aliases: Readonly<Record<string, string>> | null;
  /** Paths and LiteLLM's groups of paths that the key is for; absent = all. */
  readonly allowedRoutes?: readonly string[];
  /** Guardrails that the key or its team brings along; absent = none. */
  readonly guardrails?: readonly string[];
  /** The key's calls are not looked at by guardrails that are on by default. */
  readonly skipsDefaultGuards?: boolean;
  /** What the key and its team grant of MCP servers: each must allow what is used. Absent = nothing is granted. */
  readonly mcp?: readonly McpGrant[];
  /** Budgets that the key shares with others, by their ids. */
  readonly sharedBudgets: readonly string[];
}

/** MCP of an `object_permission` (LiteLLM): servers by id or name, by their access groups, and tools by server. */
export interface McpGrant {
  readonly servers: readonly string[];
  readonly accessGroups: readonly string[];
  /** Server id or name -> the only tools of it that may be used. */
  readonly tools: Readonly<Record<string, readonly string[]>>;
}

export type Principal =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'master' }
  | { readonly kind: 'virtual-key'; readonly key: VirtualKey }
  /** scope `scores` = a public key alone (Bearer pk): it may only write scores. */
  | {
      readonly kind: 'project-key';
      readonly projectId: string;
      readonly organizationId: string;
      readonly publicKey: string;
      readonly scope: 'project' | 'scores';
      /** The person behind the console's page that acts in the project; absent for a key. */
      readonly person?: { readonly userId: string; readonly name: string; readonly role: UserRole };
    }
  /** Manages an organisation's projects, keys and members; opens no project. */
  | { readonly kind: 'organization-key'; readonly organizationId: string; readonly publicKey: string }
  /** A person with a console session. */
  | {
      readonly kind: 'user';
      readonly userId: string;
      readonly email: string;
      readonly name: string;
      readonly role: UserRole;
      readonly mustChangePassword: boolean;
    };

export type UserRole = 'admin' | 'member' | 'viewer';

/** Names used in the route × role table. */
export type Role =
  | 'anonymous'
  | 'virtual-key'
  | 'master'
  | 'project-key'
  | 'project-public-key'
  | 'organization-key'
  | 'user-viewer'
  | 'user-member'
  | 'user-admin';

/** The role of a principal in the route × role table. */
export function roleOf(principal: Principal): Role {
  switch (principal.kind) {
    case 'project-key':
      return principal.scope === 'project' ? 'project-key' : 'project-public-key';
    case 'user':
      return `user-${principal.role}`;
    default:
      return principal.kind;
  }
}

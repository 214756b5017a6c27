// Stored prompts -> the public API's Prompt and PromptMeta (langfuse.md §1.7).
import type { PromptContent, ResolutionGraph } from './composition.ts';
import { PRODUCTION } from './schema.ts';
import type { PromptMetaRow, PromptRow } from './sql.ts';

export interface Prompt {
  id: string;
  createdAt: string;
  updatedAt: string;
  projectId: string;
  createdBy: string;
  name: string;
  version: number;
  type: 'text' | 'chat';
  prompt: PromptContent;
  config: unknown;
  labels: string[];
  tags: string[];
  commitMessage: string | null;
  /** Of before labels: whether the version is in production. */
  isActive: boolean;
  resolutionGraph: ResolutionGraph | null;
}

/** A version; with what its composition resolved to when it was asked for. */
export function promptOf(row: PromptRow, resolved: { prompt: PromptContent; graph: ResolutionGraph | null } = { prompt: row.prompt, graph: null }): Prompt {
  return {
    id: row.id,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    projectId: row.project_id,
    createdBy: row.created_by,
    name: row.name,
    version: row.version,
    type: row.type,
    prompt: resolved.prompt,
    config: row.config,
    labels: row.labels,
    tags: row.tags,
    commitMessage: row.commit_message,
    isActive: row.labels.includes(PRODUCTION),
    resolutionGraph: resolved.graph,
  };
}

export interface PromptMeta {
  name: string;
  type: 'text' | 'chat';
  versions: number[];
  labels: string[];
  tags: string[];
  lastUpdatedAt: string;
  lastConfig: unknown;
}

export function promptMetaOf(row: PromptMetaRow): PromptMeta {
  return {
    name: row.name,
    type: row.type,
    versions: row.versions,
    labels: row.labels,
    tags: row.tags,
    lastUpdatedAt: row.last_updated_at.toISOString(),
    lastConfig: row.last_config,
  };
}

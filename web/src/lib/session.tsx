// Who is signed in and which project is looked at, for every page below the shell.
import type { ConsoleSession } from '@genai/server/contract';
import { createContext, useContext } from 'react';

const SessionContext = createContext<ConsoleSession | null>(null);

export const SessionProvider = SessionContext.Provider;

/** The session; pages stand below the shell, which shows none of them before it is known. */
export function useSession(): ConsoleSession {
  const session = useContext(SessionContext);
  if (!session) throw new Error('useSession outside the shell: render the page below shell.tsx');
  return session;
}

const STORAGE_KEY = 'genai.project';

/** The project of the URL (a wrong one gets the server's refusal, never another project's data), else the last one looked at, else the first; null when the user has none. */
export function pickProject(projects: readonly { id: string }[], fromUrl: string | undefined, stored: string | null): string | null {
  if (fromUrl) return fromUrl;
  return projects.find((project) => project.id === stored)?.id ?? projects[0]?.id ?? null;
}

export function useProjectId(fromUrl: string | undefined): string | null {
  return pickProject(useSession().projects, fromUrl, localStorage.getItem(STORAGE_KEY));
}

type Role = ConsoleSession['user']['role'];

/** The role that counts in a project: the one there, which may be another than in its organisation. */
export function roleIn({ projects, user }: Pick<ConsoleSession, 'projects' | 'user'>, projectId: string | null): Role {
  return projects.find((project) => project.id === projectId)?.role ?? user.role;
}

/** The reader's role in a project. */
export function useProjectRole(projectId: string | null): Role {
  return roleIn(useSession(), projectId);
}

/** Whether the reader may change what is in a project. */
export function useMayChange(projectId: string | null): boolean {
  return useProjectRole(projectId) !== 'viewer';
}

export function rememberProject(projectId: string): void {
  localStorage.setItem(STORAGE_KEY, projectId);
}

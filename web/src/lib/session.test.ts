// The project of a page (the link's, else the last one looked at, else the first) and the reader's role in it.
import { describe, expect, it } from 'vitest';
import { pickProject, roleIn } from './session.tsx';

const projects = [{ id: 'a' }, { id: 'b' }];

describe('pickProject', () => {
  it("takes the link's project, then the remembered one, then the first", () => {
    expect(pickProject(projects, 'b', 'a')).toBe('b');
    expect(pickProject(projects, undefined, 'b')).toBe('b');
    expect(pickProject(projects, undefined, 'gone')).toBe('a');
  });

  it('keeps a project that the link names wrongly, so that the refusal is shown', () => {
    expect(pickProject(projects, 'gone', 'a')).toBe('gone');
    expect(pickProject([], undefined, null)).toBeNull();
  });
});

describe('roleIn', () => {
  const user = { id: 'u', email: 'u@example.com', name: 'U', role: 'member', mustChangePassword: false } as const;
  const session = { user, projects: [{ id: 'a', name: 'A', publicKeys: [], role: 'viewer' as const }] };

  it('is the role in the project, which may be less or more than in the organisation', () => {
    expect(roleIn(session, 'a')).toBe('viewer');
    expect(roleIn({ ...session, user: { ...user, role: 'viewer' }, projects: [{ ...session.projects[0], role: 'admin' } as never] }, 'a')).toBe('admin');
  });

  it('is that in the organisation where no project is looked at', () => {
    expect(roleIn(session, null)).toBe('member');
  });
});

// The project of a page: the link's, else the last one looked at, else the first.
import { describe, expect, it } from 'vitest';
import { pickProject } from './session.tsx';

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

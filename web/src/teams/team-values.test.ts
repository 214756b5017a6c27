// The form of a team: what it refuses, and that editing without a change sends back what was there.
import { describe, expect, it } from 'vitest';
import { checkTeam, EMPTY_TEAM, type TeamRow, teamBody, teamFormOf } from './team-values.ts';

const row: TeamRow = {
  team_id: 't1',
  team_alias: 'Search',
  models: ['gpt-4o-mini'],
  members_with_roles: [],
  spend: 1,
  max_budget: 12.5,
  budget_duration: '30d',
  budget_reset_at: null,
  rpm_limit: 10,
  tpm_limit: null,
  blocked: false,
  created_at: '2026-11-20T00:00:00Z',
};

describe('the form of a team', () => {
  it('needs a name and numbers that are some', () => {
    expect(checkTeam(EMPTY_TEAM)).toEqual({ alias: 'alias-required' });
    expect(checkTeam({ ...EMPTY_TEAM, alias: 'a', maxBudget: '-1', rpm: '1.5', tpm: 'x' })).toEqual({
      maxBudget: 'not-a-number',
      rpm: 'not-a-whole-number',
      tpm: 'not-a-whole-number',
    });
    expect(checkTeam({ ...EMPTY_TEAM, alias: 'a', maxBudget: '0.5', rpm: '3' })).toEqual({});
  });

  it('gives back what it was made of, and clears what was emptied', () => {
    expect(teamBody(teamFormOf(row))).toEqual({
      team_alias: 'Search',
      models: ['gpt-4o-mini'],
      max_budget: 12.5,
      budget_duration: '30d',
      rpm_limit: 10,
      tpm_limit: null,
    });
    expect(teamBody({ ...teamFormOf(row), maxBudget: '', budgetDuration: '' })).toMatchObject({ max_budget: null, budget_duration: null });
  });
});

// What the key form sends: nothing it was not asked for, and null where a limit is cleared.
import { describe, expect, it } from 'vitest';
import { checkForm, createBody, EMPTY_FORM, formOf, statusOf, updateBody, type VirtualKeyRow } from './key-values.ts';

const row: VirtualKeyRow = {
  token: 'hash',
  key_name: 'sk-...1234',
  key_alias: 'bot',
  spend: 1.5,
  max_budget: 20,
  models: ['demo'],
  rpm_limit: 60,
  tpm_limit: null,
  max_parallel_requests: null,
  team_id: null,
  user_id: null,
  blocked: false,
  expires: null,
  created_at: null,
};

describe('key form', () => {
  it('leaves out what was left empty', () => {
    expect(createBody({ ...EMPTY_FORM, alias: ' bot ' })).toEqual({ key_alias: 'bot' });
    expect(createBody({ ...EMPTY_FORM, alias: 'bot', models: ['demo'], maxBudget: '2.5', duration: '30d', rpm: '60' })).toEqual({
      key_alias: 'bot',
      models: ['demo'],
      max_budget: 2.5,
      duration: '30d',
      rpm_limit: 60,
    });
  });

  it('clears a limit with null and leaves the expiry alone unless it was chosen', () => {
    const form = formOf(row);
    expect(updateBody('hash', { ...form, rpm: '', models: [] })).toEqual({
      key: 'hash',
      key_alias: 'bot',
      models: [],
      max_budget: 20,
      rpm_limit: null,
      tpm_limit: null,
      max_parallel_requests: null,
      team_id: null,
      user_id: null,
    });
    expect(updateBody('hash', { ...form, duration: '' })).toMatchObject({ duration: null });
  });

  it('names a fault by its field', () => {
    expect(checkForm(EMPTY_FORM)).toEqual({ alias: 'alias-required' });
    expect(checkForm({ ...EMPTY_FORM, alias: 'a', maxBudget: '-1', rpm: '1.5', tpm: 'many', parallel: '3' })).toEqual({
      maxBudget: 'not-a-number',
      rpm: 'not-a-whole-number',
      tpm: 'not-a-whole-number',
    });
  });

  it('tells active, blocked and expired keys apart', () => {
    const now = Date.parse('2026-11-23T00:00:00Z');
    expect(statusOf(row, now)).toBe('active');
    expect(statusOf({ ...row, blocked: true, expires: '2025-01-01T00:00:00Z' }, now)).toBe('blocked');
    expect(statusOf({ ...row, expires: '2026-11-22T00:00:00Z' }, now)).toBe('expired');
  });
});

// Every dialect's error becomes one message that a page can show.
import { describe, expect, it } from 'vitest';
import { errorOf } from './client.ts';

describe('errorOf', () => {
  it('reads console, LiteLLM, Langfuse and login envelopes', () => {
    expect(errorOf(404, { error: { code: 'not_found', message: 'No such trace.' } })).toMatchObject({
      status: 404,
      code: 'not_found',
      message: 'No such trace.',
    });
    expect(errorOf(400, { error: { message: 'Bad budget', type: 'bad_request_error', code: '400' } })).toMatchObject({ code: '400', message: 'Bad budget' });
    expect(errorOf(401, { error: 'LangfuseAuthError', message: 'Invalid credentials' })).toMatchObject({ message: 'Invalid credentials' });
    expect(errorOf(401, { code: 'INVALID_EMAIL_OR_PASSWORD', message: 'Invalid email or password' })).toMatchObject({ code: 'INVALID_EMAIL_OR_PASSWORD' });
  });

  it('keeps the status when the body says nothing', () => {
    expect(errorOf(502, null)).toMatchObject({ status: 502, code: 'http_502', message: '' });
    expect(errorOf(503, {}, '3').retryAfterSeconds).toBe(3);
    expect(errorOf(503, {}, 'soon').retryAfterSeconds).toBeNull();
  });
});

// What the connection form sends, and what it does not let through.
import { describe, expect, it } from 'vitest';
import { bodyOf, checkConnection, connectionFormOf, EMPTY_CONNECTION, GATEWAY_PROVIDER } from './connection-values.ts';

const filled = { ...EMPTY_CONNECTION, provider: ' own ', secretKey: 'sk-1 ' };

describe('connection form', () => {
  it('sends what was filled in, trimmed', () => {
    expect(bodyOf(filled)).toEqual({ provider: 'own', adapter: 'openai', secretKey: 'sk-1', customModels: [] });
    expect(bodyOf({ ...filled, baseURL: 'https://a.example/v1', extraHeaders: 'X-Team:  a \n\nX-B: c: d' })).toMatchObject({
      baseURL: 'https://a.example/v1',
      extraHeaders: { 'X-Team': 'a', 'X-B': 'c: d' },
    });
  });

  it('names what is missing', () => {
    expect(checkConnection(EMPTY_CONNECTION)).toEqual({ provider: 'name', secretKey: 'secret' });
    expect(checkConnection({ ...filled, provider: GATEWAY_PROVIDER })).toEqual({ provider: 'name' });
    expect(checkConnection({ ...filled, adapter: 'azure' })).toEqual({ baseURL: 'address' });
    expect(checkConnection({ ...filled, extraHeaders: 'no colon' })).toEqual({ extraHeaders: 'headers' });
    expect(checkConnection(filled)).toEqual({});
  });

  it('asks for secrets again when a connection is changed', () => {
    const form = connectionFormOf({
      id: '1',
      provider: 'own',
      adapter: 'anthropic',
      displaySecretKey: '...1234',
      baseURL: null,
      customModels: ['m'],
      withDefaultModels: true,
      extraHeaderKeys: ['x-team'],
      config: null,
      createdAt: '',
      updatedAt: '',
    });
    expect(form).toMatchObject({ secretKey: '', extraHeaders: 'x-team: ' });
    expect(checkConnection(form)).toEqual({ secretKey: 'secret', extraHeaders: 'headers' });
  });
});

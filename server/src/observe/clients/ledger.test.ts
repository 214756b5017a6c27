// Who talks to this server: by SDK, version and project, bounded, with what was refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClientLedger, identityOf, type SeenCall } from './ledger.ts';

const call = (over: Partial<SeenCall> = {}): SeenCall => ({
  projectId: 'p',
  sdk: { name: 'langfuse-python', version: '4.18.0' },
  userAgent: 'python-httpx/0.28.1',
  route: '/api/public/otel/v1/traces',
  refusals: [],
  ...over,
});

describe('the ledger of clients', () => {
  it('names a client by its own headers, else by its user agent', () => {
    const named = (name: string, userAgent: string) => identityOf({ sdk: { name, version: '1' }, userAgent });
    expect(named('langfuse-js', 'node')).toEqual({ name: 'langfuse-js', version: '1' });
    expect(named('', 'OTel-OTLP-Exporter-JavaScript/0.223.0 extra')).toEqual({ name: 'OTel-OTLP-Exporter-JavaScript', version: '0.223.0' });
    expect(named('', 'Mozilla/5.0 (X11) Chrome/140')).toEqual({ name: 'browser', version: '' });
    expect(named('', '')).toEqual({ name: '', version: '' });
  });

  it('counts requests, routes and reasons, and shows each project its own', () => {
    let now = Date.UTC(2026, 10, 26);
    const ledger = createClientLedger(undefined, () => now);
    ledger.saw(call());
    ledger.saw(call({ projectId: 'other' }));
    now += 1_000;
    ledger.saw(call({ route: '/api/public/ingestion', refusals: [{ reason: 'no id', count: 3 }] }));
    ledger.saw(call({ sdk: { name: 'langfuse-python', version: '2.60.0' } }));
    expect(ledger.clients('p').map(({ version }) => version)).toEqual(['2.60.0', '4.18.0']);
    expect(ledger.clients('p')[1]).toEqual({
      name: 'langfuse-python',
      version: '4.18.0',
      userAgent: 'python-httpx/0.28.1',
      firstSeen: '2026-11-26T00:00:00.000Z',
      lastSeen: '2026-11-26T00:00:01.000Z',
      requests: 2,
      refused: 3,
      routes: [
        { route: '/api/public/otel/v1/traces', requests: 1 },
        { route: '/api/public/ingestion', requests: 1 },
      ],
      reasons: [{ reason: 'no id', count: 3, lastAt: '2026-11-26T00:00:01.000Z' }],
    });
    expect(ledger.clients('nobody')).toEqual([]);
  });

  it('is bounded whatever clients send, and keeps those that were seen last', () => {
    const bounds = { clients: 3, routes: 2, reasons: 2 };
    const anything = fc.record({
      projectId: fc.constantFrom('p', 'q'),
      sdk: fc.record({ name: fc.string(), version: fc.string() }),
      userAgent: fc.string({ unit: 'binary', maxLength: 500 }),
      route: fc.constantFrom('/a', '/b', '/c'),
      refusals: fc.array(fc.record({ reason: fc.string({ maxLength: 500 }), count: fc.integer({ min: 1, max: 9 }) }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(anything, { minLength: 1, maxLength: 30 }), (calls) => {
        const ledger = createClientLedger(bounds);
        for (const one of calls) ledger.saw(one);
        const clients = [...ledger.clients('p'), ...ledger.clients('q')];
        expect(clients.length).toBeLessThanOrEqual(bounds.clients);
        for (const client of clients) {
          expect(client.routes.length).toBeLessThanOrEqual(bounds.routes);
          expect(client.reasons.length).toBeLessThanOrEqual(bounds.reasons);
          expect(client.userAgent.length).toBeLessThanOrEqual(300);
        }
        const last = calls.at(-1) as SeenCall;
        expect(ledger.clients(last.projectId)[0]).toMatchObject(identityOf(last));
      }),
    );
  });
});

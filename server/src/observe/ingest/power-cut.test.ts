// A power cut and a full disk during ingestion: whatever the ingestion route acknowledged is in the journal afterwards, with all unsynced bytes of the disk dropped; what it refused is not.
import { describe, expect, it } from 'vitest';
import { createApp } from '#http/app.ts';
import type { Principal } from '#identity/principal.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { UnsyncedFolder } from '#stores/journal/unsynced-file.ts';
import { createIngestRoutes } from './routes.ts';

const LIMITS = { payloadLimitBytes: 64 << 20, moneyReserveBytes: 1 << 20, lingerMs: 0 };
const principal: Principal = { kind: 'project-key', projectId: 'project-1', organizationId: 'org', publicKey: 'pk-lf-x', scope: 'project' };

async function door(folder: UnsyncedFolder) {
  const journal = await openJournalWriter(folder, LIMITS);
  const who = async () => principal;
  return createApp({
    door: 'observe',
    routes: createIngestRoutes({ journal }),
    authenticate: { admin: who, observe: who, console: who },
    fallback: () => new Response(null, { status: 404 }),
    onRequest: () => {},
  });
}

async function journaled(folder: UnsyncedFolder): Promise<string> {
  // Opened for writing first, as a start does: it cuts the torn tail.
  const writer = await openJournalWriter(folder, LIMITS);
  const reader = openJournalReader(folder);
  const { records } = await reader.read(0n, { maxBytes: 64 << 20 });
  await writer.close();
  return records.map((record) => String(record.parts.at(-1))).join('\n');
}

describe('a power cut during ingestion', () => {
  // Cut at many different moments: after so many acknowledgements of 60 requests that are under way together.
  it.each([1, 2, 5, 13, 29, 47, 60])('after %i acknowledgements loses none of them', async (cutAfter) => {
    const folder = new UnsyncedFolder();
    const app = await door(folder);
    const acknowledged: string[] = [];
    let dark: UnsyncedFolder | null = null;
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const body = { batch: [{ id: `e-${index}`, type: 'trace-create', timestamp: new Date().toISOString(), body: { id: `trace-${index}-end` } }] };
        const response = await app.request('/api/public/ingestion', {
          method: 'POST',
          body: JSON.stringify(body),
          headers: { 'content-type': 'application/json' },
        });
        expect(response.status).toBe(207);
        if (dark !== null) return;
        acknowledged.push(`trace-${index}-end`);
        if (acknowledged.length === cutAfter) dark = folder.powerCut();
      }),
    );
    const found = await journaled(dark as unknown as UnsyncedFolder);
    expect(acknowledged).toHaveLength(cutAfter);
    expect(acknowledged.filter((id) => !found.includes(`"${id}"`))).toEqual([]);
  });
});

describe('a full disk during ingestion', () => {
  it('is a 503 that says when to come again; when space is freed exactly what was acknowledged is there', async () => {
    const folder = new UnsyncedFolder();
    const app = await door(folder);
    const acknowledged: string[] = [];
    const refused: string[] = [];
    for (let index = 0; index < 60; index += 1) {
      // Full for the middle third.
      if (index === 20) folder.freeBytes = 300;
      if (index === 40) folder.freeBytes = Number.POSITIVE_INFINITY;
      const id = `trace-${index}-end`;
      const event = { id: `e-${index}`, type: 'trace-create', timestamp: new Date().toISOString(), body: { id, input: 'x'.repeat(400) } };
      const response = await app.request('/api/public/ingestion', {
        method: 'POST',
        body: JSON.stringify({ batch: [event] }),
        headers: { 'content-type': 'application/json' },
      });
      if (response.status === 207) acknowledged.push(id);
      else {
        expect(response.status).toBe(503);
        expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
        refused.push(id);
      }
    }
    expect(refused.length).toBeGreaterThanOrEqual(19);
    expect(acknowledged.length).toBeGreaterThanOrEqual(39);
    const found = await journaled(folder.powerCut());
    expect(acknowledged.filter((id) => !found.includes(`"${id}"`))).toEqual([]);
    expect(refused.filter((id) => found.includes(`"${id}"`))).toEqual([]);
  });
});

// The life of data on a started platform: what outlives its age leaves, what is deleted leaves every file, and what is younger or others' stays.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const DAY_MS = 86_400_000;
const folder = temporaryFolder();
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ folder, environment: { LANGFUSE_INIT_PROJECT_RETENTION: '7' } });
});
afterAll(async () => {
  await platform?.stop();
  removeFolder(folder);
});

async function send(...events: [type: string, body: Record<string, unknown>][]): Promise<void> {
  const batch = events.map(([type, body]) => ({ id: crypto.randomUUID(), type, timestamp: new Date().toISOString(), body }));
  const answer = await call(`${platform.observeUrl}/api/public/ingestion`, { basic: [platform.keys.publicKey, platform.keys.secretKey], body: { batch } });
  expect(answer.body).toMatchObject({ errors: [] });
}
const status = async (id: string): Promise<number> => (await observe(platform, `/api/public/traces/${id}`)).status;
const ago = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

describe('retention', () => {
  it('is what the start says, and what the project shows', async () => {
    expect((await observe(platform, '/api/public/projects')).body).toMatchObject({ data: [{ retentionDays: 7 }] });
  });

  it('removes traces whose age has come by the next run, keeps younger ones, and is counted', async () => {
    await send(
      ['trace-create', { id: 'old', timestamp: ago(20), name: 'old' }],
      ['span-create', { id: 'old-span', traceId: 'old', startTime: ago(20), name: 's' }],
      ['trace-create', { id: 'young', timestamp: ago(6), name: 'young' }],
    );
    await eventually('both traces', async () => (await status('old')) === 200 && (await status('young')) === 200);
    // Every start looks; so does every hour.
    await platform.stop();
    platform = await startPlatform({ folder });
    await eventually('the old trace to be gone', async () => (await status('old')) === 404, 60_000);
    expect(await status('young')).toBe(200);
    const metrics = await eventually(
      'the count',
      async () =>
        /genai_retention_rows_removed [1-9]/.test((await call(`${platform.gatewayUrl}/metrics`)).text) && (await call(`${platform.gatewayUrl}/metrics`)).text,
      30_000,
    );
    expect(metrics).toMatch(/genai_retention_partitions_dropped [1-9]/);
    expect(metrics).toMatch(/genai_retention_failures 0/);
  });
});

describe('deletion', () => {
  it('hides a trace at once, takes it out of the journal, and says so', async () => {
    const marker = 'MARKER-5b1c';
    await send(
      ['trace-create', { id: 'secret', timestamp: ago(1), input: marker }],
      ['span-create', { id: 'secret-span', traceId: 'secret', startTime: ago(1), output: marker }],
    );
    await eventually('the trace', async () => (await status('secret')) === 200);
    const answer = await call(`${platform.observeUrl}/api/public/traces/secret`, {
      method: 'DELETE',
      basic: [platform.keys.publicKey, platform.keys.secretKey],
    });
    expect(answer).toMatchObject({ status: 200, body: { message: 'Trace deleted successfully' } });
    expect(await status('secret')).toBe(404);
    const receipt = await eventually(
      'the archive to be rewritten',
      async () => {
        const { body } = await observe(platform, `/api/public/deletions/${answer.headers.get('x-genai-deletion-id')}`);
        return body.archiveRewrittenAt ? body : null;
      },
      60_000,
    );
    expect(receipt).toMatchObject({ status: expect.stringMatching(/hidden|gone/), removed: { traces: 1, observations: 1, archivedRecords: 1 } });
    const held = ['journal', 'blobs'].flatMap((name) => filesHolding(join(platform.dataDir, name), marker));
    expect(held).toEqual([]);
  });

  it('of a project ends its keys and everything in it', async () => {
    const [{ organization }] = (await observe(platform, '/api/public/projects')).body.data as unknown as [{ organization: { id: string } }];
    const { body: own } = await call(`${platform.gatewayUrl}/api/admin/organizations/${organization.id}/apiKeys`, { key: platform.keys.masterKey, body: {} });
    const basic = [String(own.publicKey), String(own.secretKey)] as [string, string];
    const { body: project } = await call(`${platform.observeUrl}/api/public/projects`, { basic, body: { name: 'short-lived', retention: 0 } });
    const { body: pair } = await call(`${platform.observeUrl}/api/public/projects/${project.id}/apiKeys`, { basic, body: {} });
    const theirs = [String(pair.publicKey), String(pair.secretKey)] as [string, string];
    const marker = 'MARKER-9d2e';
    const event = { id: 'e', type: 'trace-create', timestamp: ago(0), body: { id: 'theirs', input: marker } };
    await eventually(
      'their key',
      async () => (await call(`${platform.observeUrl}/api/public/ingestion`, { basic: theirs, body: { batch: [event] } })).status === 207,
    );
    await eventually('their trace', async () => (await call(`${platform.observeUrl}/api/public/traces/theirs`, { basic: theirs })).status === 200);

    const answer = await call(`${platform.observeUrl}/api/public/projects/${project.id}`, { method: 'DELETE', basic });
    expect(answer).toMatchObject({ status: 202, body: { success: true } });
    await eventually('their key to be refused', async () => (await call(`${platform.observeUrl}/api/public/traces/theirs`, { basic: theirs })).status === 401);
    const receipt = await eventually(
      'the archive to be rewritten',
      async () => {
        const { body } = await call(`${platform.observeUrl}/api/public/organizations/deletions`, { basic });
        const [newest] = body.data as unknown as [{ archiveRewrittenAt: string | null; kind: string }];
        return newest.archiveRewrittenAt && newest.kind === 'project' ? newest : null;
      },
      60_000,
    );
    expect(receipt).toMatchObject({ projectId: project.id, removed: { traces: 1, archivedRecords: 1 } });
    expect(['journal', 'blobs'].flatMap((name) => filesHolding(join(platform.dataDir, name), marker))).toEqual([]);
    expect((await call(`${platform.observeUrl}/api/public/projects/${project.id}`, { method: 'DELETE', basic })).status).toBe(404);
    const { data } = (await observe(platform, '/api/public/projects')).body as unknown as { data: [{ id: string }] };
    expect((await call(`${platform.observeUrl}/api/public/projects/${data[0].id}`, { method: 'DELETE', basic })).status).toBe(409);
  });
});

describe('masking', () => {
  it('keeps what its rules find out of every file, however it comes', async () => {
    const { publicKey, secretKey } = platform.keys;
    const [project] = (await observe(platform, '/api/public/projects')).body.data as unknown as [{ id: string; organization: { id: string } }];
    const { body: own } = await call(`${platform.gatewayUrl}/api/admin/organizations/${project.organization.id}/apiKeys`, {
      key: platform.keys.masterKey,
      body: {},
    });
    const rules = [{ builtIn: 'email' }, { builtIn: 'phone-ja' }, { builtIn: 'card' }, { name: 'EMPLOYEE', pattern: '社員[0-9]{4}' }];
    const put = await call(`${platform.observeUrl}/api/public/projects/${project.id}/masking`, {
      method: 'PUT',
      basic: [String(own.publicKey), String(own.secretKey)],
      body: { rules },
    });
    expect(put).toMatchObject({ status: 200, body: { rules: [{ builtIn: 'email', replacement: 'label' }, {}, {}, {}] } });
    const secrets = ['hanako.mask@example.co.jp', '090-8765-4321', '5555 5555 5555 4444', '社員7741'];
    const text = `about ${secrets.join(' and ')}`;
    await eventually('the rules to be in force', async () => {
      await send(['trace-create', { id: `probe-${Math.random()}`, input: 'x@example.com' }]);
      return (await call(`${platform.gatewayUrl}/metrics`)).text.includes('genai_masked_total{rule="email"}');
    });
    await send(
      ['trace-create', { id: 'masked', timestamp: ago(0), input: { text }, metadata: { nested: JSON.stringify({ text }) } }],
      ['score-create', { id: 'masked-score', traceId: 'masked', name: 'q', value: 1, comment: text }],
    );
    const attribute = { key: 'input.value', value: { stringValue: text } };
    const span = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 's', startTimeUnixNano: String(Date.now() * 1e6), attributes: [attribute] };
    await call(`${platform.observeUrl}/api/public/otel/v1/traces`, {
      basic: [publicKey, secretKey],
      body: { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] },
    });
    for (const stream of [false, true]) {
      const answer = await call(`${platform.gatewayUrl}/v1/chat/completions`, {
        key: platform.keys.virtualKey,
        body: { model: 'demo', stream, messages: [{ role: 'user', content: text }] },
      });
      expect(answer.status, answer.text).toBe(200);
    }
    const stored = await eventually('the trace', async () => {
      const { status: found, body } = await observe(platform, '/api/public/traces/masked');
      return found === 200 && JSON.stringify(body.scores).includes('masked-score') ? body : null;
    });
    expect(stored).toMatchObject({
      input: { text: 'about [EMAIL] and [PHONE] and [CARD] and [EMPLOYEE]' },
      scores: [{ comment: expect.stringContaining('[EMAIL]') }],
    });
    await eventually('the span', async () => (await status('ab'.repeat(16))) === 200);
    const { data } = (await observe(platform, '/api/public/v2/observations?fields=core,io&limit=100')).body as unknown as {
      data: { input: string | null; output: string | null }[];
    };
    const everything = JSON.stringify(data);
    expect(everything).toContain('[EMPLOYEE]');
    for (const secret of secrets) {
      expect(everything).not.toContain(secret);
      expect(['journal', 'blobs', 'postgres', 'analytics'].flatMap((name) => filesHolding(join(platform.dataDir, name), secret))).toEqual([]);
    }
  });
});

/** Files below a folder that hold a text. The engine merges parts meanwhile: what leaves while it is looked at is looked at where it went. */
function filesHolding(folder: string, text: string): string[] {
  return there(() => readdirSync(folder, { withFileTypes: true }), []).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesHolding(path, text);
    return entry.isFile() && there(() => readFileSync(path), Buffer.alloc(0)).includes(text) ? [path] : [];
  });
}

function there<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}

// Behind something that drops or refuses start-up options (a transaction pooler), our names must still mean our schema.
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openRecords } from './postgres.ts';
import { sql } from './sql.ts';
import { startTestRecords, type TestRecords } from './test-records.ts';

let database: TestRecords;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  database = await startTestRecords();
  await database.records.query(sql`CREATE TABLE public.projects (id text, whose text DEFAULT 'somebody else')`);
});
afterAll(async () => {
  for (const close of closers) await close();
  await database?.stop();
});

/** A door before the server that treats `options` of the start-up message as poolers do. Gives its URL. */
async function pooler(mode: 'drop' | 'refuse'): Promise<string> {
  const door = net.createServer((client) => {
    client.on('error', () => {});
    client.once('data', (first) => {
      const parameters = first
        .subarray(8, first.readInt32BE(0) - 1)
        .toString()
        .split('\0')
        .slice(0, -1);
      const at = parameters.findIndex((name, index) => index % 2 === 0 && name === 'options');
      if (at >= 0 && mode === 'refuse') {
        const fields = Buffer.from('SFATAL\0C08P01\0Munsupported startup parameter in options: search_path\0\0');
        const head = Buffer.alloc(5);
        head.write('E');
        head.writeInt32BE(fields.length + 4, 1);
        client.end(Buffer.concat([head, fields]));
        return;
      }
      if (at >= 0) parameters.splice(at, 2);
      const body = Buffer.from(`${parameters.map((text) => `${text}\0`).join('')}\0`);
      const head = Buffer.from(first.subarray(0, 8));
      head.writeInt32BE(body.length + 8, 0);
      const server = net.connect(path.join(database.server.socketFolder, '.s.PGSQL.5432'));
      server.on('error', () => client.destroy());
      client.on('close', () => server.destroy());
      server.on('close', () => client.destroy());
      server.write(Buffer.concat([head, body]));
      client.pipe(server).pipe(client);
    });
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => door.close(resolve)));
  return `postgresql://genai@127.0.0.1:${(door.address() as net.AddressInfo).port}/postgres`;
}

describe.each(['drop', 'refuse'] as const)('a pooler that would %s start-up options', (mode) => {
  test('is noticed before the first statement: names mean our schema, and no session is left changed', async () => {
    const records = openRecords({ connectionString: await pooler(mode), poolSize: 2 });
    const rows = await Promise.all(
      Array.from({ length: 8 }, () => records.query(sql`SELECT current_schema() AS schema, to_regclass('projects')::text AS projects`)),
    );
    for (const [row] of rows) expect(row).toEqual({ schema: 'genai', projects: 'projects' });
    await records.transaction(async (session) => {
      expect(await session.query(sql`SELECT current_schema() AS schema, current_setting('statement_timeout') AS timeout`)).toEqual([
        { schema: 'genai', timeout: '30s' },
      ]);
      await session.query(sql`INSERT INTO organizations (id, name) VALUES (${mode}, 'O')`);
    });
    expect(await records.query(sql`SELECT count(*) AS strangers FROM public.projects`)).toEqual([{ strangers: '0' }]);
    expect(await records.ping(5_000)).toBe(true);
    await records.close();
  });
});

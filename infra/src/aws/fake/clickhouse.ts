// For tests only: the client of ClickHouse in the fake cluster's pod; a table is the bytes that were filled into it.
import { type ExecStreams, KubernetesError } from '#kubernetes/port.ts';

export class FakeClickhouse {
  /** Bytes of each table that the migrations made. */
  readonly tables = new Map<string, Buffer>([
    ['observations', Buffer.alloc(0)],
    ['traces', Buffer.alloc(0)],
  ]);
  isBroken = false;

  async run(query: string, streams: ExecStreams): Promise<void> {
    if (this.isBroken) throw new KubernetesError('other', 'clickhouse-0: the client failed');
    const table = /default\.`([^`]+)`/.exec(query)?.[1] ?? '';
    const answer = (text: string | Buffer): void => streams.output?.(Buffer.from(text));
    const rows = this.tables.get(table) ?? Buffer.alloc(0);
    if (query.includes('system.tables'))
      return answer([...this.tables.keys()].map((name) => `${JSON.stringify({ name, engine: 'ReplacingMergeTree', create_table_query: '' })}\n`).join(''));
    if (query.includes('LIMIT 1')) return answer(rows.length === 0 ? '0' : '1');
    if (query.startsWith('SELECT')) return answer(rows);
    if (query.startsWith('DROP')) return void this.tables.delete(table);
    if (query.startsWith('CREATE')) return void this.tables.set(table, Buffer.alloc(0));
    const chunks: Uint8Array[] = [rows];
    for await (const chunk of streams.input ?? []) chunks.push(chunk);
    this.tables.set(table, Buffer.concat(chunks));
  }
}

// MCP servers that the admin API registered: sealed in the records, read as servers like those of the file.
import type { Sealer } from '#lib/sealed.ts';
import type { GatewayConfig } from '#settings/settings.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Log } from '#telemetry/log.ts';

type Fields = Readonly<Record<string, unknown>>;
type McpServer = GatewayConfig['mcpServers'][number];

export interface StoredMcpServer {
  readonly id: string;
  /** Its name before any alias. */
  readonly name: string;
  /** As an entry of mcp_servers. */
  readonly fields: Fields;
  readonly createdAt: Date;
  readonly createdBy: string | null;
  readonly updatedAt: Date;
  readonly updatedBy: string | null;
}

export interface StoredMcpServerParts {
  records: Records;
  sealer: Sealer;
  /** settings/stored-mcp-server.ts: an entry of mcp_servers as a server, or why not. */
  readServer: (name: string, fields: Fields) => { server: McpServer } | { problem: string };
  log: Log;
}

interface ServerRow {
  id: string;
  name: string;
  sealed_fields: string;
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
}

export class StoredMcpServers {
  readonly #parts: StoredMcpServerParts;

  constructor(parts: StoredMcpServerParts) {
    this.#parts = parts;
  }

  /** Every server that can be read. One that cannot is named in the log and left out: the others must not suffer. */
  async servers(): Promise<McpServer[]> {
    return (await this.#rows()).flatMap((row) => {
      try {
        const read = this.attempt(this.#open(row));
        if ('server' in read) return [read.server];
        this.#parts.log.error('a stored MCP server cannot be used', { mcpServer: row.name, problem: read.problem });
      } catch (error) {
        this.#parts.log.error('a stored MCP server cannot be read', { mcpServer: row.name, error });
      }
      return [];
    });
  }

  /** The server that this would be, or in words why there would be none. */
  attempt({ id, name, fields }: Pick<StoredMcpServer, 'id' | 'name' | 'fields'>): { server: McpServer } | { problem: string } {
    return this.#parts.readServer(name, { ...fields, server_id: id });
  }

  async find(id: string): Promise<StoredMcpServer | null> {
    const row = (await this.#rows()).find((candidate) => candidate.id === id);
    return row === undefined ? null : this.#open(row);
  }

  async write({ id, name, fields }: Pick<StoredMcpServer, 'id' | 'name' | 'fields'>, actor: string): Promise<void> {
    const sealed = this.#parts.sealer.seal(JSON.stringify(fields), `mcp-server:${id}`);
    await this.#parts.records.query(sql`
      INSERT INTO stored_mcp_servers (id, name, sealed_fields, created_by, updated_by) VALUES (${id}, ${name}, ${sealed}, ${actor}, ${actor})
      ON CONFLICT (id) DO UPDATE SET name = excluded.name, sealed_fields = excluded.sealed_fields, updated_by = excluded.updated_by, updated_at = now()`);
  }

  async remove(id: string): Promise<boolean> {
    const rows = await this.#parts.records.query(sql`DELETE FROM stored_mcp_servers WHERE id = ${id} RETURNING id`);
    return rows.length > 0;
  }

  async #rows(): Promise<ServerRow[]> {
    return await this.#parts.records.query<ServerRow>(
      sql`SELECT id, name, sealed_fields, created_at, created_by, updated_at, updated_by FROM stored_mcp_servers ORDER BY created_at, id`,
    );
  }

  #open(row: ServerRow): StoredMcpServer {
    return {
      id: row.id,
      name: row.name,
      fields: JSON.parse(this.#parts.sealer.open(row.sealed_fields, `mcp-server:${row.id}`)) as Fields,
      createdAt: row.created_at,
      createdBy: row.created_by,
      updatedAt: row.updated_at,
      updatedBy: row.updated_by,
    };
  }
}

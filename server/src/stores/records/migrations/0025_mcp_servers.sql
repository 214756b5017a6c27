-- MCP servers that the admin API registered: everything of them sealed, because an address may hold a credential.

CREATE TABLE stored_mcp_servers (
  id text PRIMARY KEY,
  name text NOT NULL UNIQUE,
  sealed_fields text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text
);

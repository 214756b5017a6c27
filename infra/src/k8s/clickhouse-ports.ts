// ClickHouse's ports inside the cluster.

/** `keeper` and `raft` are the embedded Keeper's. */
export const CLICKHOUSE_PORTS = { http: 8123, native: 9000, interserver: 9009, keeper: 9181, raft: 9234 } as const;

// ClickHouse's configuration: its tables lie in S3 from the first start, Keeper is inside it, and it writes no logs into tables.
import { CLICKHOUSE_PORTS } from './clickhouse-ports.ts';

/** Where the bucket is, and how large the cache on the volume may grow. */
export interface ClickhouseStorage {
  readonly bucket: string;
  readonly region: string;
  readonly cacheGib: number;
}

/** The name under which Langfuse's `ON CLUSTER` statements address this server; `default` is what Langfuse uses unless told otherwise. */
export const CLICKHOUSE_CLUSTER = 'default';
export const CLICKHOUSE_USER = 'default';
/** Where Langfuse keeps its tables. */
export const CLICKHOUSE_DATABASE = 'default';
/** Where everything lies inside the container. */
export const CLICKHOUSE_DATA = '/var/lib/clickhouse';

/** System tables that would grow without end (66.9 GiB beside 50 MB of data in langfuse#13123); nobody reads them here. */
const SYSTEM_LOGS = [
  'asynchronous_insert_log',
  'asynchronous_metric_log',
  'backup_log',
  'blob_storage_log',
  'error_log',
  'latency_log',
  'metric_log',
  'opentelemetry_span_log',
  'part_log',
  'processors_profile_log',
  'query_log',
  'query_metric_log',
  'query_thread_log',
  'query_views_log',
  's3queue_log',
  'session_log',
  'text_log',
  'trace_log',
] as const;

const text = (value: string): string => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** A path of the bucket is needed: the disk refuses the bucket's root. Credentials come from Pod Identity through the environment. The cache's path is relative to `filesystem_caches_path`: an absolute one elsewhere ends the server at its start. */
const storage = ({ bucket, region, cacheGib }: ClickhouseStorage): string => `  <storage_configuration>
    <disks>
      <s3>
        <type>s3</type>
        <endpoint>https://${text(bucket)}.s3.${text(region)}.amazonaws.com/clickhouse/</endpoint>
        <region>${text(region)}</region>
        <use_environment_credentials>true</use_environment_credentials>
        <metadata_path>${CLICKHOUSE_DATA}/disks/s3/</metadata_path>
      </s3>
      <s3_cache>
        <type>cache</type>
        <disk>s3</disk>
        <path>s3_cache</path>
        <max_size>${cacheGib}Gi</max_size>
      </s3_cache>
    </disks>
    <policies>
      <s3_main>
        <volumes>
          <main><disk>s3_cache</disk></main>
        </volumes>
      </s3_main>
    </policies>
  </storage_configuration>
  <merge_tree>
    <storage_policy>s3_main</storage_policy>
  </merge_tree>`;

const keeper = `  <keeper_server>
    <tcp_port>${CLICKHOUSE_PORTS.keeper}</tcp_port>
    <server_id>1</server_id>
    <log_storage_path>${CLICKHOUSE_DATA}/coordination/log</log_storage_path>
    <snapshot_storage_path>${CLICKHOUSE_DATA}/coordination/snapshots</snapshot_storage_path>
    <raft_configuration>
      <server>
        <id>1</id>
        <hostname>localhost</hostname>
        <port>${CLICKHOUSE_PORTS.raft}</port>
      </server>
    </raft_configuration>
  </keeper_server>
  <zookeeper>
    <node>
      <host>localhost</host>
      <port>${CLICKHOUSE_PORTS.keeper}</port>
    </node>
  </zookeeper>`;

const cluster = `  <macros>
    <cluster>${CLICKHOUSE_CLUSTER}</cluster>
    <shard>1</shard>
    <replica>clickhouse-0</replica>
  </macros>
  <remote_servers replace="1">
    <${CLICKHOUSE_CLUSTER}>
      <shard>
        <internal_replication>true</internal_replication>
        <replica>
          <host>localhost</host>
          <port>${CLICKHOUSE_PORTS.native}</port>
          <user>${CLICKHOUSE_USER}</user>
          <password from_env="CLICKHOUSE_PASSWORD"/>
        </replica>
      </shard>
    </${CLICKHOUSE_CLUSTER}>
  </remote_servers>`;

/** `config.d/platform.xml`. */
export const clickhouseConfig = (wish: ClickhouseStorage): string => `<clickhouse>
  <listen_host>0.0.0.0</listen_host>
  <logger replace="1">
    <level>warning</level>
    <console>1</console>
  </logger>
  <timezone>UTC</timezone>
  <filesystem_caches_path>${CLICKHOUSE_DATA}/caches/</filesystem_caches_path>
  <max_server_memory_usage_to_ram_ratio>0.8</max_server_memory_usage_to_ram_ratio>
${storage(wish)}
${keeper}
${cluster}
${SYSTEM_LOGS.map((name) => `  <${name} remove="1"/>`).join('\n')}
</clickhouse>
`;

/** `users.d/platform.xml`: one user whose password is a variable of the pod; whoever may reach the port is decided by the network policies. */
export const clickhouseUsers = `<clickhouse>
  <users>
    <${CLICKHOUSE_USER} replace="1">
      <password from_env="CLICKHOUSE_PASSWORD"/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <access_management>0</access_management>
    </${CLICKHOUSE_USER}>
  </users>
</clickhouse>
`;

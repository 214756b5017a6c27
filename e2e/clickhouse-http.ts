// A process of its own that speaks ClickHouse's HTTP interface over the chDB engine (server/src/stores/analytics/test-http-server.ts); prints its address. Ends with its standard input.
import { startTestClickhouse } from '../server/src/stores/analytics/test-http-server.ts';

const server = await startTestClickhouse(process.argv[2] as string, Number(process.argv[3] ?? 0));
process.stdout.write(`${JSON.stringify(server)}\n`);
process.stdin.on('end', () => void server.close().then(() => process.exit(0)));
process.stdin.resume();

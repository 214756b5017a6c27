// Runs the fake provider by hand: `./scripts/node e2e/fake-provider/main.ts [port]`.
import { startFakeProvider } from './fake-provider.ts';

const provider = await startFakeProvider(Number(process.argv[2] ?? 0));
process.stdout.write(`${provider.url}\n`);
process.once('SIGTERM', () => void provider.close().then(() => process.exit(0)));
process.once('SIGINT', () => void provider.close().then(() => process.exit(0)));

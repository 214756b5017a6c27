// Builds the console into the folder given as the first argument; run as a child process so that the bundler's memory leaves with it.
import { build } from 'vite';

const outDir = process.argv[2];
if (!outDir) {
  process.stderr.write('usage: node web/build.ts <output folder>\n');
  process.exit(2);
}
// Under any other value (a test run sets "test") React's development build would be bundled, half as large again.
// biome-ignore lint/style/noProcessEnv: the bundler reads it, and this process does nothing else.
process.env.NODE_ENV = 'production';
await build({
  configFile: `${import.meta.dirname}/vite.config.ts`,
  configLoader: 'native',
  logLevel: 'warn',
  build: { outDir, emptyOutDir: true },
});

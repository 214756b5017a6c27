// The LiteLLM lane: the stock proxy from PyPI in a Python environment of its own, one process, master key, no database, no callbacks.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, startServer } from './child.ts';
import type { Lane, LanePlace } from './lane.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MASTER_KEY = 'sk-bench-litellm-0123456789';
/** A first installation brings about 120 packages. */
const INSTALL_MS = 600_000;
const START_MS = 120_000;

/** @throws Error when Python is absent, or it cannot be installed or started. */
export async function startLitellm(place: LanePlace): Promise<Lane> {
  const { stdout } = await promisify(execFile)(join(ROOT, 'scripts/python-env.sh'), ['litellm-proxy'], { timeout: INSTALL_MS });
  const config = join(place.folder, 'litellm.yaml');
  await writeFile(config, configFor(place.mockPort));
  const port = await freePort();
  const child = await startServer(
    {
      command: join(stdout.trim(), 'bin/litellm'),
      args: ['--config', config, '--port', String(port), '--host', '127.0.0.1', '--num_workers', '1'],
      // Without the copy that it carries it would ask the network for prices.
      env: { LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_MODE: 'PRODUCTION', LITELLM_LOG: 'ERROR' },
      cwd: place.folder,
      logPath: join(place.folder, 'litellm.log'),
    },
    { port, path: '/health/liveliness', timeoutMs: START_MS },
  );
  return {
    name: 'litellm',
    child,
    worksOn: true,
    target: { port, path: '/v1/chat/completions', headers: { authorization: `Bearer ${MASTER_KEY}` } },
  };
}

function configFor(mockPort: number): string {
  return `model_list:
  - model_name: bench
    litellm_params:
      model: openai/gpt-4o-mini
      api_base: http://127.0.0.1:${mockPort}/v1
      api_key: sk-upstream
litellm_settings:
  telemetry: false
general_settings:
  master_key: ${MASTER_KEY}
`;
}

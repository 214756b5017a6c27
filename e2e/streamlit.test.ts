// The example chat (examples/streamlit) against a started platform, driven headless by Streamlit's AppTest with the Langfuse SDK 3.x and 4.x.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { observe } from './client.ts';
import { need } from './needs.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const root = join(import.meta.dirname, '..');
const streamlit = need('python-streamlit');
const generations = { '3': need('python-langfuse-3'), '4': streamlit };

interface Page {
  langfuse: string;
  models: string[];
  session: string;
  newSession: string;
  shown: [string, string][];
  afterNew: number;
  costs: string[];
  errors: string[];
}

interface TraceList {
  data: { id: string; userId: string; tags: string[]; totalCost: number }[];
}

/** Folder of an environment's packages. */
function packagesOf(python: string): string {
  const lib = join(dirname(python), '../lib');
  return join(lib, readdirSync(lib).find((name) => existsSync(join(lib, name, 'site-packages'))) as string, 'site-packages');
}

let platform: Platform;
beforeAll(async () => {
  if (streamlit !== null) platform = await startPlatform();
});
afterAll(async () => {
  await platform?.stop();
});

async function drive(python: string, tracing: 'on' | 'off'): Promise<Page> {
  const { stdout } = await promisify(execFile)(python, [join(root, 'e2e/python/streamlit_chat.py'), join(root, 'examples/streamlit/app.py'), tracing], {
    timeout: 110_000,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      // The older SDK's own packages first, Streamlit's behind them.
      ...(python === streamlit ? {} : { PYTHONPATH: [packagesOf(python), packagesOf(streamlit as string)].join(':') }),
      STREAMLIT_BROWSER_GATHER_USAGE_STATS: 'false',
      OPENAI_BASE_URL: `${platform.gatewayUrl}/v1`,
      OPENAI_API_KEY: platform.keys.virtualKey,
      LANGFUSE_BASE_URL: platform.observeUrl,
      LANGFUSE_HOST: platform.observeUrl,
      LANGFUSE_PUBLIC_KEY: platform.keys.publicKey,
      LANGFUSE_SECRET_KEY: platform.keys.secretKey,
    },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) as string) as Page;
}

function tracesOf(session: string, count: number): Promise<TraceList['data']> {
  return eventually(`${count} traces of ${session}`, async () => {
    const found = (await observe(platform, `/api/public/traces?sessionId=${session}`)).body as unknown as TraceList;
    return found.data?.length === count && found.data.every(({ totalCost }) => totalCost > 0) ? found.data : null;
  });
}

describe.skipIf(streamlit === null)('the example chat', () => {
  it('talks in one session, shows each answer and its cost, and starts a new session on demand', async () => {
    const page = await drive(streamlit as string, 'off');
    expect(page).toMatchObject({ errors: [], afterNew: 0 });
    expect(page.models).toContain('demo');
    expect(page.shown.map(([who]) => who)).toEqual(['user', 'assistant', 'user', 'assistant']);
    expect(page.costs.at(-1)).toMatch(/^0\.\d+ USD · demo$/);
    expect(page.newSession).not.toBe(page.session);
    expect((await tracesOf(page.session, 2)).map(({ userId }) => userId)).toEqual(['streamlit-user', 'streamlit-user']);
  });
  for (const [generation, python] of Object.entries(generations)) {
    it.skipIf(python === null)(`hangs each call under the span of the Langfuse SDK ${generation}.x, with its cost counted once`, async () => {
      const page = await drive(python as string, 'on');
      expect(page).toMatchObject({ errors: [], langfuse: expect.stringMatching(new RegExp(`^${generation}\\.`)) });
      const traces = await tracesOf(page.session, 2);
      for (const trace of traces) {
        expect(trace.tags).toContain('streamlit');
        const detail = await eventually('both observations', async () => {
          const found = (await observe(platform, `/api/public/traces/${trace.id}`)).body as unknown as {
            totalCost: number;
            observations: { id: string; type: string; name: string; parentObservationId: string | null; calculatedTotalCost: number }[];
          };
          return found.observations?.length === 2 ? found : null;
        });
        const span = detail.observations.find(({ name }) => name === 'streamlit-chat');
        const call = detail.observations.find(({ type }) => type === 'GENERATION');
        expect(call?.parentObservationId).toBe(span?.id);
        expect(detail.totalCost).toBeCloseTo(call?.calculatedTotalCost ?? 0, 12);
      }
    });
  }
});

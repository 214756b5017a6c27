// The console in headless Chromium against a started process: first login, every page, both languages, dark mode, keyboard; no error and no policy violation anywhere.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chat, generateKey } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { need } from './needs.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const executablePath = need('chromium');
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const SCREENSHOTS = join(import.meta.dirname, 'screenshots');
const NEW_PASSWORD = 'a-new-password-2026';

describe.skipIf(executablePath === null)('the console', () => {
  let upstream: FakeProvider;
  let platform: Platform;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];
  let lastTraceId = '';

  const open = (path: string) => page.goto(`${platform.gatewayUrl}${path}`, { waitUntil: 'networkidle' });
  const textOf = async (part: string) => (await page.locator(part).textContent()) ?? '';
  /** A picture once nothing moves any more: charts, drawers and skeletons are animated, so two pictures in a row must be the same. */
  const picture = async (name: string, of: Page = page) => {
    let last: Buffer = Buffer.alloc(0);
    await eventually(`a page at rest for ${name}.png`, async () => {
      const now = await of.screenshot();
      const still = now.equals(last);
      last = now;
      return still;
    });
    writeFileSync(join(SCREENSHOTS, `${name}.png`), last);
  };
  /** Axis labels and figures of the overview that reach out of the card they stand in; the first section holds the tiles. */
  const cutFigures = () =>
    page.locator('main section').evaluateAll((sections) =>
      [...sections.slice(1), ...(sections[0]?.children ?? [])].flatMap((section) => {
        const card = section.getBoundingClientRect();
        return [...section.querySelectorAll('.numeric, .recharts-cartesian-axis-tick-value')]
          .filter((figure) => figure.getBoundingClientRect().left < card.left || figure.getBoundingClientRect().right > card.right)
          .map((figure) => figure.textContent);
      }),
    );
  /** The charts come after the figures, in a file of their own. */
  const chartsDrawn = async (of: Page = page) => {
    await eventually('three charts', async () => (await of.locator('main svg.recharts-surface').count()) === 3);
    await of.locator('.recharts-bar-rectangle path').first().waitFor();
    await of.locator('.recharts-area-curve').first().waitFor();
  };

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    upstream = await startFakeProvider();
    platform = await startPlatform({ config: gatewayConfig(upstream.url) });
    const key = await generateKey(platform, { key_alias: 'console-key' });
    for (const model of ['demo', 'priced', 'flaky', 'no-such-model']) {
      const answer = await chat(platform, key, model, { body: { user: 'tanaka' }, headers: { 'x-litellm-session-id': 'console-session' } });
      if (answer.status === 200) lastTraceId = (answer.headers.get('x-litellm-call-id') as string).replaceAll('-', '');
    }
    // A fresh tree builds the console while the doors answer already.
    await eventually('the console to be built', async () => (await fetch(`${platform.gatewayUrl}/ui/`)).status === 200, 90_000);
    browser = await chromium.launch({ executablePath: executablePath as string, args: ARGUMENTS });
    page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => {
      // A session that does not exist yet answers 401; the browser prints that by itself.
      if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await platform?.stop();
    await upstream?.close();
  });

  it('asks for the first login, refuses a wrong password and demands a new one', async () => {
    await open('/ui/');
    await page.locator('input[type=password]').waitFor();
    await page.locator('input[type=email], input[name=email]').first().fill(platform.keys.email);
    await page.locator('input[type=password]').fill('wrong-password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').first().waitFor();
    faults.length = 0;
    await page.locator('input[type=password]').fill(platform.keys.password);
    await page.keyboard.press('Enter');
    await eventually('the demand for a new password', async () => (await page.locator('input[type=password]').count()) >= 2);
    await picture('change-password');
    const fields = page.locator('input[type=password]');
    const count = await fields.count();
    for (let index = 0; index < count; index++) await fields.nth(index).fill(count === 3 && index === 0 ? platform.keys.password : NEW_PASSWORD);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ui\/overview/);
  });
  it('shows the calls on the overview', async () => {
    await eventually('numbers on the overview', async () => /console-key/.test(await textOf('main')), 20_000);
    await chartsDrawn();
    await picture('overview');
    const unpriced = page.getByRole('region', { name: 'By model' }).getByText('demo', { exact: true }).locator('xpath=../..');
    expect(await unpriced.textContent()).toMatch(/unknown/);
    expect(await unpriced.textContent()).not.toContain('$');
    // Calls of unknown price come on top of what the key is known to have spent.
    expect(await textOf('section[aria-label="By key"]')).toContain('≥');
    expect(await cutFigures()).toEqual([]);
  });
  it('lists every call in the request log and opens one with its attempts', async () => {
    await open('/ui/requests');
    await eventually('the fallback call', async () => (await textOf('main')).includes('flaky'));
    await picture('requests');
    await page.getByText('flaky', { exact: true }).first().click();
    await eventually('the attempts', async () => (await textOf('body')).includes('gpt-4o-mini'));
    await picture('request-drawer');
    const drawer = page.getByRole('dialog');
    // How the price came about, line by line: 9 tokens in, 12 out.
    expect(await drawer.textContent()).toMatch(/How the cost came aboutInput: 9 × 0\.\d+ USDOutput: 12 × 0\.\d+ USD/);
    expect(await drawer.evaluate((element) => element.scrollWidth <= element.clientWidth)).toBe(true);
    expect((await drawer.getByRole('button', { name: 'Copy' }).count()) >= 4).toBe(true);
  });
  it('lists traces and opens one by Langfuse’s address, with its conversation and cost', async () => {
    await open('/ui/traces');
    await eventually('a trace row', async () => (await textOf('main')).includes('tanaka'));
    await picture('traces');
    const projects = (await (await page.request.get(`${platform.gatewayUrl}/api/console/session`)).json()) as { projects: { id: string }[] };
    await open(`/project/${projects.projects[0]?.id}/traces/${lastTraceId}`);
    await eventually('the conversation', async () => (await textOf('main')).includes('LiteLLMのテストです'));
    await picture('trace');
  });
  it('shows models with what is ready and keys that can be created', async () => {
    await open('/ui/models');
    await eventually('the demo model', async () => (await textOf('main')).includes('demo'));
    await picture('models');
    await open('/ui/keys');
    await eventually('the key', async () => (await textOf('main')).includes('console-key'));
    await picture('keys');
  });
  it('shows sessions, users and scores, and a session as one conversation', async () => {
    await open('/ui/sessions');
    await eventually('the session', async () => (await textOf('main')).includes('console-session'));
    await picture('sessions');
    await page.getByText('console-session', { exact: true }).first().click();
    await page.waitForURL(/\/project\/[^/]+\/sessions\/console-session/);
    await eventually('its conversation', async () => (await textOf('main')).includes('LiteLLMのテストです'));
    await picture('session');
    await open('/ui/people');
    await eventually('the user', async () => (await textOf('main')).includes('tanaka'));
    await picture('people');
  });
  it('takes a score that a person gives on a trace', async () => {
    const projects = (await (await page.request.get(`${platform.gatewayUrl}/api/console/session`)).json()) as { projects: { id: string }[] };
    await open(`/project/${projects.projects[0]?.id}/traces/${lastTraceId}`);
    await page.getByRole('tab', { name: /Scores/ }).click();
    await page.getByRole('button', { name: 'Add score' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill('by-hand');
    await page.getByRole('dialog').getByLabel('Value').fill('0.75');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await eventually('the score in the list', async () => {
      await open('/ui/scores');
      return /by-hand.*0\.75.*Person/.test(await textOf('main'));
    });
    await picture('scores');
  });
  it('writes a prompt and its next version, compares them and puts one into production', async () => {
    await open('/ui/prompts');
    await page.getByRole('button', { name: 'New prompt' }).first().click();
    await page.getByRole('dialog').getByLabel('Name').fill('folder/greeting');
    await page.getByRole('dialog').getByLabel('Content').fill('Hello {{name}}');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/\/prompts\/folder%2Fgreeting/);
    await eventually('the first version', async () => (await textOf('main')).includes('Hello {{name}}'));
    await page.getByRole('button', { name: 'New version' }).click();
    await page.getByRole('dialog').getByLabel('Content').fill('Good day {{name}}');
    await page.getByRole('dialog').getByLabel('What changed').fill('politer');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await eventually('the second version', async () => /v2.*politer/.test(await textOf('main')));
    await open(`${new URL(page.url()).pathname}?version=2&compare=1`);
    await eventually('the difference', async () => /−Hello|− Hello/.test(await textOf('main')) && (await textOf('main')).includes('+ Good day'));
    await picture('prompt-versions');
    await page.getByLabel('Labels', { exact: true }).first().fill('production');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Save' }).click();
    const { publicKey, secretKey } = platform.keys;
    await eventually('production at the second version', async () => {
      const answer = await fetch(`${platform.observeUrl}/api/public/v2/prompts/folder%2Fgreeting`, {
        headers: { authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}` },
      });
      const prompt = (await answer.json()) as { version: number; createdBy: string };
      return prompt.version === 2 && prompt.createdBy !== 'API';
    });
  });
  it('makes a dataset, imports a file into it and keeps a trace in it', async () => {
    await open('/ui/datasets');
    await page.getByRole('button', { name: 'New dataset' }).first().click();
    await page.getByRole('dialog').getByLabel('Name').fill('questions');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.waitForURL(/\/datasets\/questions/);
    await page.getByRole('button', { name: 'Import' }).click();
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByLabel('File').click()]);
    await chooser.setFiles({ name: 'items.csv', mimeType: 'text/csv', buffer: Buffer.from('input,expected_output\n"富士山の高さは、",3776 m\nsecond,2\n') });
    await page.getByRole('dialog').getByText('2 items found').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Import' }).click();
    await page.getByRole('dialog').getByText('2 of 2 items are in').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
    await eventually('the items', async () => (await textOf('main')).includes('富士山の高さは、'));
    const projects = (await (await page.request.get(`${platform.gatewayUrl}/api/console/session`)).json()) as { projects: { id: string }[] };
    await open(`/project/${projects.projects[0]?.id}/traces/${lastTraceId}`);
    await page.getByRole('button', { name: 'Add to dataset' }).click();
    await page.getByLabel('Dataset').first().click();
    await page.getByRole('option', { name: 'questions' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByRole('dialog').getByText('Added to questions.').waitFor();
    await open(`/project/${projects.projects[0]?.id}/datasets/questions`);
    await eventually('three items', async () => /LiteLLMのテストです/.test(await textOf('main')));
    await picture('dataset');
  });
  it('makes a team and takes a member into it', async () => {
    await open('/ui/teams');
    await page.getByRole('button', { name: 'New team' }).first().click();
    await page.getByRole('dialog').getByLabel('Name').fill('search-team');
    await page.getByRole('dialog').getByLabel('Budget', { exact: true }).fill('25');
    await page.getByRole('button', { name: 'Save' }).click();
    await eventually('the team', async () => (await textOf('main')).includes('search-team'));
    await page.getByText('search-team', { exact: true }).click();
    await page.getByLabel('Add a member by e-mail or user id').fill('suzuki');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await eventually('the member', async () => (await textOf('[role=dialog]')).includes('suzuki'));
    await picture('team');
  });
  it('speaks Japanese and knows the dark', async () => {
    const context = await browser.newContext({
      locale: 'ja-JP',
      colorScheme: 'dark',
      viewport: { width: 1280, height: 800 },
      storageState: await page.context().storageState(),
    });
    const japanese = await context.newPage();
    await japanese.goto(`${platform.gatewayUrl}/ui/overview`, { waitUntil: 'networkidle' });
    await eventually('Japanese words', async () => /[ぁ-んァ-ヶ一-龠]/.test((await japanese.locator('body').textContent()) ?? ''));
    await chartsDrawn(japanese);
    await picture('overview-ja-dark', japanese);
    await context.close();
  });
  it('shows how the platform does, in both languages', async () => {
    await open('/ui/health');
    await eventually('the stores', async () => (await textOf('main')).includes('PostgreSQL, embedded'), 30_000);
    await eventually('every store', async () => (await page.locator('main [data-state="ok"]').count()) === 5, 30_000);
    await picture('health');
    const context = await browser.newContext({ locale: 'ja-JP', viewport: { width: 1280, height: 800 }, storageState: await page.context().storageState() });
    const japanese = await context.newPage();
    await japanese.goto(`${platform.gatewayUrl}/ui/health`, { waitUntil: 'networkidle' });
    await eventually('Japanese words', async () => ((await japanese.locator('main').textContent()) ?? '').includes('料金台帳'), 30_000);
    await picture('health-ja', japanese);
    await context.close();
  });
  it('moves by keyboard', async () => {
    await open('/ui/overview');
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.waitForURL(/\/ui\/traces/);
  });
  it('never printed an error or broke its policy', () => {
    expect(faults).toEqual([]);
  });
  it('keeps everybody without a session out of its data', async () => {
    const stranger = await browser.newContext();
    for (const path of [
      '/api/console/session',
      '/api/console/overview',
      '/api/console/requests',
      '/api/console/traces',
      '/api/console/models',
      '/api/console/health',
      '/key/list',
    ]) {
      expect((await stranger.request.get(`${platform.gatewayUrl}${path}`)).status(), path).toBe(401);
    }
    await stranger.close();
  });
  it('refuses a cookie that another site sends', async () => {
    const answer = await page.request.post(`${platform.gatewayUrl}/key/generate`, { data: {}, headers: { origin: 'https://evil.example' } });
    expect(answer.status()).toBe(403);
  });
});

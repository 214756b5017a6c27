// A project made by API with a key of the organisation: its own keys open it for the Langfuse client, and the organisation's open no project.
import { LangfuseClient } from '@langfuse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { type Platform, startPlatform } from './process.ts';

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(() => platform?.stop());

describe('management by API', () => {
  it('makes a project and keys that work at once, and ends them', async () => {
    const projects = (await observe(platform, '/api/public/projects')).body as unknown as { data: [{ organization: { id: string } }] };
    const keys = `${platform.gatewayUrl}/api/admin/organizations/${projects.data[0].organization.id}/apiKeys`;
    const made = (await call(keys, { key: platform.keys.masterKey, body: {} })).body as unknown as { publicKey: string; secretKey: string };
    const manager = new LangfuseClient({ publicKey: made.publicKey, secretKey: made.secretKey, baseUrl: platform.observeUrl });
    const project = await manager.api.projects.create({ name: 'by-api', retention: 0 });
    const pair = await manager.api.projects.createApiKey(project.id, { note: 'CI' });
    const client = new LangfuseClient({ publicKey: pair.publicKey, secretKey: pair.secretKey, baseUrl: platform.observeUrl });
    expect((await client.api.projects.get()).data).toMatchObject([{ id: project.id, name: 'by-api' }]);
    await client.prompt.create({ name: 'only-here', prompt: 'x' });
    expect((await observe(platform, '/api/public/v2/prompts')).body).toMatchObject({ data: [] });
    await expect(manager.api.prompts.list({})).rejects.toMatchObject({ statusCode: 403 });
    await expect(client.api.organizations.getOrganizationProjects()).rejects.toMatchObject({ statusCode: 403 });
    expect((await manager.api.organizations.getOrganizationProjects()).projects.map((item) => item.name)).toContain('by-api');
    expect((await manager.api.organizations.getOrganizationMemberships()).memberships).toMatchObject([{ role: 'ADMIN' }]);
    await manager.api.projects.deleteApiKey(project.id, pair.id);
    await expect(client.api.projects.get()).rejects.toMatchObject({ statusCode: 401 });
  });
});

// Connections as evaluators use them: by name, opened; the one to the platform's own gateway is made when it is first needed.
import { AppError } from '#lib/errors.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { Records } from '#stores/records/port.ts';
import { GATEWAY_PROVIDER } from './chat.ts';
import { connectionOf, type OpenConnection, openConnection, putConnection } from './connections.ts';

export interface ConnectionDirectory {
  /** @throws AppError 422 when there is none of this name. */
  open(project: { id: string; organizationId: string }, provider: string): Promise<OpenConnection>;
}

export interface DirectoryParts {
  records: Records;
  sealer: Sealer;
  /** A new virtual key whose calls are traced to the project; null when this process reaches no gateway. */
  mintGatewayKey: ((project: { id: string; organizationId: string }) => Promise<string>) | null;
}

export function createConnectionDirectory({ records, sealer, mintGatewayKey }: DirectoryParts): ConnectionDirectory {
  async function gatewayConnection(project: { id: string; organizationId: string }): Promise<OpenConnection> {
    if (mintGatewayKey === null)
      throw new AppError('This process reaches no gateway: set --gateway-url, or choose another connection.', { status: 422, code: 'no_gateway' });
    const secretKey = await mintGatewayKey(project);
    const row = await putConnection(records, sealer, project.id, { provider: GATEWAY_PROVIDER, adapter: 'openai', secretKey });
    return openConnection(sealer, row);
  }
  return {
    async open(project, provider) {
      const row = await connectionOf(records, project.id, provider);
      if (row !== null) return openConnection(sealer, row);
      if (provider === GATEWAY_PROVIDER) return await gatewayConnection(project);
      throw new AppError(`There is no LLM connection named ${provider}: make it with PUT /api/public/llm-connections or in the console.`, {
        status: 422,
        code: 'no_connection',
      });
    },
  };
}

// Who takes part in the demo: teams with a key each, made with the master key. Where the gateway knows no teams yet, their names go with the key alone.
import { randomBytes } from 'node:crypto';
import { type Answer, call } from '#http.ts';
import { at, bearer } from '#verify/check.ts';

export interface Member {
  team: string;
  alias: string;
  key: string;
  models: string[];
}

const TEAMS = [
  { team: 'sales-jp', alias: 'sales-chat' },
  { team: 'legal', alias: 'legal-assistant' },
  { team: 'platform', alias: 'platform-tools' },
] as const;

/** Creates the keys. @throws Error with the gateway's words when it refuses the first one. */
export async function createCrew(gatewayUrl: string, adminKey: string, models: readonly string[]): Promise<Member[]> {
  const run = randomBytes(3).toString('hex');
  const crew: Member[] = [];
  for (const [index, { team, alias }] of TEAMS.entries()) {
    const teamId = await createTeam(gatewayUrl, adminKey, team);
    // The last key may use one model only, so that the console shows a limited one.
    const allowed = index === TEAMS.length - 1 && models.length > 1 ? models.slice(0, 1) : [...models];
    const wish = {
      key_alias: `${alias}-${run}`,
      models: allowed,
      user_id: team,
      metadata: { team, purpose: 'demo' },
      tags: ['demo'],
      max_budget: 5,
      duration: '7d',
    };
    const answer = await generate(gatewayUrl, adminKey, teamId === null ? wish : { ...wish, team_id: teamId });
    const key = at(answer.json, 'key');
    if (typeof key !== 'string')
      throw new Error(`a key for the demo could not be made: HTTP ${answer.status} ${String(at(answer.json, 'error', 'message') ?? '').slice(0, 200)}`);
    crew.push({ team, alias: wish.key_alias, key, models: allowed });
  }
  return crew;
}

async function createTeam(gatewayUrl: string, adminKey: string, alias: string): Promise<string | null> {
  const answer = await call(`${gatewayUrl}/team/new`, { body: { team_alias: alias }, headers: bearer(adminKey) });
  const id = at(answer.json, 'team_id');
  return answer.status === 200 && typeof id === 'string' ? id : null;
}

/** Some versions refuse tags (an enterprise feature of LiteLLM) or unknown users: the key is what matters. */
async function generate(gatewayUrl: string, adminKey: string, wish: Record<string, unknown>): Promise<Answer> {
  const first = await call(`${gatewayUrl}/key/generate`, { body: wish, headers: bearer(adminKey) });
  if (first.status < 400 || first.status >= 500 || first.status === 401) return first;
  const { tags: _tags, user_id: _user, ...plain } = wish;
  return await call(`${gatewayUrl}/key/generate`, { body: plain, headers: bearer(adminKey) });
}

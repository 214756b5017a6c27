// The doors of the platform to talk to: what the flags name, else what the running process or the settings of this folder say.
import type { KeysFile, PlatformStatus } from '@genai/server/platform';
import type { Settings } from '@genai/server/settings';
import type { CommandContext } from '#command.ts';
import { adminSocket, LOCAL_FLAGS, localSettings, localStatus, readKeysFile } from '#local.ts';

export const doorOptions = {
  ...LOCAL_FLAGS,
  'gateway-url': { type: 'string' },
  'observe-url': { type: 'string' },
  key: { type: 'string' },
  'public-key': { type: 'string' },
  'secret-key': { type: 'string' },
} as const;

type DoorFlags = { [Name in keyof typeof doorOptions]?: string | undefined };

export interface Doors {
  gatewayUrl: string;
  observeUrl: string;
  key: string | null;
  publicKey: string | null;
  secretKey: string | null;
  email: string | null;
  password: string | null;
  /** Set when the process behind these URLs runs on this machine. */
  adminSocket: string | null;
}

type Credentials = Pick<Doors, 'key' | 'publicKey' | 'secretKey' | 'email' | 'password'>;

const NONE: Credentials = { key: null, publicKey: null, secretKey: null, email: null, password: null };

/** Local credentials are used only for the local process: they are never sent to an address that a flag names and that is not ours. */
export async function readDoors(context: Pick<CommandContext, 'env' | 'cwd'>, flags: DoorFlags): Promise<Doors> {
  const { settings } = localSettings(context, { 'data-dir': flags['data-dir'], config: flags.config });
  const status = await localStatus(settings.dataDir).catch(() => null);
  const own = ownUrls(status, settings);
  const gatewayUrl = withoutSlash(flags['gateway-url'] ?? own.gateway);
  const observeUrl = withoutSlash(flags['observe-url'] ?? (flags['gateway-url'] === undefined ? own.observe : gatewayUrl));
  const gatewayIsOwn = sameDoor(gatewayUrl, own.gateway);
  const observeIsOwn = sameDoor(observeUrl, own.observe) || sameDoor(observeUrl, own.gateway);
  const local = localCredentials(settings, readKeysFile(settings.dataDir).keys ?? {});
  const observe = observeIsOwn ? local : NONE;
  return {
    gatewayUrl,
    observeUrl,
    key: flags.key ?? (gatewayIsOwn ? local : NONE).key,
    publicKey: flags['public-key'] ?? observe.publicKey,
    secretKey: flags['secret-key'] ?? observe.secretKey,
    email: observe.email,
    password: observe.password,
    adminSocket: status !== null && gatewayIsOwn ? adminSocket(settings.dataDir) : null,
  };
}

/** A set value wins over a generated one, as in the platform itself. */
function localCredentials(settings: Pick<Settings, 'masterKey' | 'init'>, keys: Partial<KeysFile>): Credentials {
  const { init } = settings;
  return {
    key: settings.masterKey ?? keys.masterKey ?? null,
    publicKey: init.projectPublicKey ?? keys.publicKey ?? null,
    secretKey: init.projectSecretKey ?? keys.secretKey ?? null,
    email: init.userEmail ?? keys.email ?? null,
    password: init.userPassword ?? keys.password ?? null,
  };
}

function ownUrls(status: PlatformStatus | null, settings: { host: string; port: number; observePort: number }): { gateway: string; observe: string } {
  const host = settings.host === '0.0.0.0' || settings.host === '::' ? '127.0.0.1' : settings.host;
  const gateway = status?.urls.gateway ?? `http://${host}:${settings.port}`;
  // Without a door of its own (3000 taken) the other surface answers on the gateway's.
  return { gateway, observe: status === null ? `http://${host}:${settings.observePort}` : (status.urls.observe ?? gateway) };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function sameDoor(first: string, second: string): boolean {
  if (!URL.canParse(first) || !URL.canParse(second)) return false;
  const [one, two] = [new URL(first), new URL(second)];
  const host = (url: URL): string => (LOOPBACK.has(url.hostname) ? 'localhost' : url.hostname);
  return one.protocol === two.protocol && one.port === two.port && host(one) === host(two);
}

// Who calls AWS: keys of the configuration, a profile, a role to assume, a web identity, or AWS's own chain (variables, files, SSO, IRSA, Pod Identity, the machine). By AWS's packages, loaded with the first call.
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { AppError } from '#lib/errors.ts';

export interface AwsFacts {
  readonly region: string;
  /** LiteLLM's settings: aws_access_key_id, aws_role_name ... */
  readonly cloud: Readonly<Record<string, string>>;
}

export interface Sending {
  readonly origin: string;
  readonly path: string;
  readonly body: Buffer;
}

/** Signs a request: the headers to add, flat. */
export type Signer = (sending: Sending) => Promise<readonly string[]>;

/** @throws AppError (when a request is signed) 401 without usable credentials. */
export function awsSigner(facts: AwsFacts): Signer {
  let opened: Promise<Opened> | null = null;
  return async ({ origin, path, body }) => {
    opened ??= open(facts);
    try {
      const { signer } = await opened;
      const { hostname, host, port, protocol } = new URL(origin);
      const headers = { host, 'content-type': 'application/json' };
      const request = { method: 'POST', protocol, hostname, path, query: {}, headers, body, ...(port === '' ? {} : { port: Number(port) }) };
      const signed = await signer.sign(request);
      return Object.entries(signed.headers).flatMap(([name, value]) => (name === 'host' || name === 'content-type' ? [] : [name, value]));
    } catch (error) {
      opened = null;
      const told = `AWS gave no credentials: ${(error as Error).message.slice(0, 300)}. Set aws_access_key_id and aws_secret_access_key, aws_role_name, or give this machine an identity.`;
      throw new AppError(told, { status: 401, code: 'auth_error', cause: error });
    }
  };
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

interface Opened {
  signer: { sign(request: object): Promise<{ headers: Record<string, string> }> };
}

async function open({ region, cloud }: AwsFacts): Promise<Opened> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const signer = new SignatureV4({ service: 'bedrock', region, sha256: Sha256, credentials: remembered(await credentialsOf(region, cloud)) });
  return { signer: signer as unknown as Opened['signer'] };
}

/** Credentials are asked for anew this long before they end. */
const RENEWED_BEFORE_MS = 5 * 60_000;

/** One question to AWS for all calls until its answer ends; a failed one is asked again by the next call. */
function remembered(source: Credentials | (() => Promise<Credentials>)): () => Promise<Credentials> {
  if (typeof source !== 'function') return async () => source;
  let known: Promise<Credentials> | null = null;
  let endsAtMs = Number.POSITIVE_INFINITY;
  return async () => {
    if (known === null || Date.now() > endsAtMs - RENEWED_BEFORE_MS) {
      endsAtMs = Number.POSITIVE_INFINITY;
      known = source();
    }
    try {
      const credentials = await known;
      endsAtMs = credentials.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
      return credentials;
    } catch (error) {
      known = null;
      throw error;
    }
  };
}

async function credentialsOf(region: string, cloud: Readonly<Record<string, string>>) {
  const aws = await import('@aws-sdk/credential-providers');
  const base =
    staticKeys(cloud) ?? (cloud.aws_profile_name ? aws.fromIni({ profile: cloud.aws_profile_name }) : aws.fromNodeProviderChain({ clientConfig: { region } }));
  const role = cloud.aws_role_name;
  const session = cloud.aws_session_name ?? 'genai-gateway';
  const clientConfig = { region, ...(cloud.aws_sts_endpoint ? { endpoint: cloud.aws_sts_endpoint } : {}) };
  if (role && cloud.aws_web_identity_token)
    return aws.fromWebToken({ roleArn: role, webIdentityToken: cloud.aws_web_identity_token, roleSessionName: session, clientConfig });
  if (!role) return base;
  const external = cloud.aws_external_id ? { ExternalId: cloud.aws_external_id } : {};
  return aws.fromTemporaryCredentials({ masterCredentials: base, params: { RoleArn: role, RoleSessionName: session, ...external }, clientConfig });
}

function staticKeys(cloud: Readonly<Record<string, string>>) {
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey, aws_session_token: sessionToken } = cloud;
  if (!accessKeyId || !secretAccessKey) return null;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** Node's own SHA-256 in the shape that AWS's signer asks for. */
class Sha256 {
  #hash: Hash | Hmac;
  readonly #secret: Uint8Array | string | undefined;

  constructor(secret?: Uint8Array | string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined || typeof secret === 'string' ? secret : bytesOf(secret);
    this.#hash = this.#open();
  }

  update(chunk: Uint8Array | string): void {
    this.#hash.update(chunk);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#open();
  }

  #open(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret);
  }
}

function bytesOf(source: Uint8Array | ArrayBuffer | ArrayBufferView): Uint8Array {
  return source instanceof ArrayBuffer ? new Uint8Array(source) : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

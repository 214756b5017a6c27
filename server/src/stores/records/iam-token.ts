// Signs in to an RDS or Aurora database as an IAM role: instead of a password every new connection gets a token of its own, signed a moment before, so that none is ever old.
import pg from 'pg';

/** How a token is made for a connection. */
export type TokenSource = (to: { hostname: string; port: number; username: string }) => Promise<string>;

/** Amazon's own signer with the credential chain of AWS (profiles, roles, web identity, Pod Identity); credentials are kept until they end. `region` null: as the chain says. */
export function rdsTokens(region: string | null): TokenSource {
  const signers = new Map<string, Promise<{ getAuthToken(): Promise<string> }>>();
  const open = async (to: Parameters<TokenSource>[0]) => {
    const { Signer } = await import('@aws-sdk/rds-signer');
    return new Signer({ ...to, ...(region === null ? {} : { region }) });
  };
  return async (to) => {
    const name = `${to.username}@${to.hostname}:${to.port}`;
    const signer = signers.get(name) ?? open(to);
    signers.set(name, signer);
    return await (await signer).getAuthToken();
  };
}

/** pg's client with a token for a password, whatever the address says. */
export function clientWithTokens(tokens: TokenSource): typeof pg.Client {
  return class extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(config);
      // pg asks for it when the server does, and never shows it.
      Object.defineProperty(this, 'password', {
        configurable: true,
        enumerable: false,
        writable: true,
        value: () => tokens({ hostname: this.host, port: this.port, username: this.user ?? '' }),
      });
    }
  };
}

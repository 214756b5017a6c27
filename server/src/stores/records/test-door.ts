// For tests: a door before a PostgreSQL that speaks TLS and asks for a password in clear, as RDS does of IAM tokens; behind it is the Unix socket of an embedded server.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';

export interface TestDoor {
  readonly port: number;
  /** Ends every connection. */
  cut(): void;
  close(): Promise<void>;
}

export interface TestDoorOptions {
  socketFolder: string;
  tls?: { key: string; cert: string };
  /** Whether somebody may come in; without it nobody is asked. */
  admits?: (password: string, user: string) => boolean;
}

export interface TestAuthority {
  /** PEM of what signed itself. */
  cert: string;
  key: string;
  file: string;
  remove(): void;
}

/** A certificate for localhost that signed itself. */
export function testAuthority(): TestAuthority {
  const folder = mkdtempSync(path.join(tmpdir(), 'genai-ca-'));
  const [key, file] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-keyout', key, '-out', file, ...names],
    { stdio: 'ignore' },
  );
  return { cert: readFileSync(file, 'utf8'), key: readFileSync(key, 'utf8'), file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const SSL_REQUEST = 80_877_103;

export async function openTestDoor(options: TestDoorOptions): Promise<TestDoor> {
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => {});
    void serve(socket, options).catch(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(plain: net.Socket, options: TestDoorOptions): Promise<void> {
  let client: net.Socket = plain;
  let start = await chunk(client);
  if (start.readInt32BE(4) === SSL_REQUEST) {
    if (options.tls === undefined) {
      client.write('N');
    } else {
      client.write('S');
      client = new tls.TLSSocket(plain, { isServer: true, ...options.tls });
      client.on('error', () => plain.destroy());
    }
    start = await chunk(client);
  } else if (options.tls !== undefined) {
    return refuse(client, '28000', 'no encryption');
  }
  if (options.admits !== undefined) {
    const user = /user\0([^\0]*)\0/.exec(start.toString('latin1', 8))?.[1] ?? '';
    // AuthenticationCleartextPassword.
    client.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]));
    const answer = await chunk(client);
    if (!options.admits(answer.toString('utf8', 5, answer.readInt32BE(1)), user))
      return refuse(client, '28P01', `password authentication failed for user "${user}"`);
  }
  const far = net.connect(path.join(options.socketFolder, '.s.PGSQL.5432'));
  far.on('error', () => client.destroy());
  far.on('close', () => client.destroy());
  client.on('close', () => far.destroy());
  far.write(start);
  client.pipe(far).pipe(client);
}

function chunk(socket: net.Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    socket.once('data', (bytes) => {
      socket.pause();
      resolve(bytes);
    });
    socket.once('close', () => reject(new Error('closed')));
    socket.resume();
  });
}

function refuse(socket: net.Socket, code: string, message: string): void {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  socket.end(Buffer.concat([head, fields]));
}

// A way between a process and a store that can be cut, stalled or slowed, as a network can: a TCP proxy on a port of loopback.
import { connect, createServer, type Server, type Socket } from 'node:net';

/** open: bytes pass; cut: connections break and new ones are refused; stall: connections stay, nothing passes; slow: every piece is late. */
export type LinkMode = 'open' | 'cut' | 'stall' | 'slow';

export interface Link {
  readonly port: number;
  readonly mode: LinkMode;
  set(mode: LinkMode): void;
  close(): Promise<void>;
}

const SLOW_MS = 150;

export async function openLink(target: { host: string; port: number }): Promise<Link> {
  let mode: LinkMode = 'open';
  const pairs = new Set<[Socket, Socket]>();
  /** What waits for the link to be open again. */
  const waiting: (() => void)[] = [];

  const passes = async (): Promise<void> => {
    if (mode === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    while (mode === 'stall') await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const carry = (from: Socket, to: Socket): void => {
    from.on('data', (bytes) => {
      if (mode === 'open') {
        if (!to.write(bytes)) from.pause();
        return;
      }
      from.pause();
      void passes().then(() => {
        to.write(bytes);
        from.resume();
      });
    });
    to.on('drain', () => from.resume());
    from.on('end', () => void passes().then(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => void passes().then(() => to.destroy()));
  };
  const server: Server = createServer({ allowHalfOpen: true }, (near) => {
    if (mode === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ ...target, allowHalfOpen: true });
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.on('close', () => pairs.delete(pair));
    near.setNoDelay(true);
    far.setNoDelay(true);
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const breakAll = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };
  const set = (next: LinkMode): void => {
    mode = next;
    if (next === 'cut') breakAll();
    if (next !== 'stall') for (const resolve of waiting.splice(0)) resolve();
  };
  return {
    port,
    get mode() {
      return mode;
    },
    set,
    async close() {
      set('open');
      breakAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// Lets other processes of this machine append to the journal of this one, over a Unix socket (lib/frames.ts). A record is answered when it is durable here.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type Frame, FrameReader, frameOf } from '#lib/frames.ts';
import type { JournalAppender, JournalClass, JournalKind } from './port.ts';

/** A record on its way; its parts stand in the frame's body, one after the other. */
export interface RecordMessage {
  id: number;
  class: JournalClass;
  kind: JournalKind;
  project: string;
  sizes: readonly number[];
}

/** What became of it: durable when there is no error. */
export interface RecordAnswer {
  id: number;
  error: string | null;
}

/** Listens at `path`. @throws when it cannot. */
export async function serveJournal(path: string, journal: Pick<JournalAppender, 'append'>): Promise<{ close(): Promise<void> }> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const reader = new FrameReader();
    socket.on('data', (piece) => {
      try {
        for (const frame of reader.push(piece)) append(journal, socket, frame);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  await chmod(path, 0o600);
  return {
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function append(journal: Pick<JournalAppender, 'append'>, socket: Socket, { value, body }: Frame): void {
  const { id, class: journalClass, kind, project, sizes } = value as RecordMessage;
  const tell = (error: string | null): void => {
    if (socket.writable) for (const piece of frameOf({ id, error } satisfies RecordAnswer)) socket.write(piece);
  };
  let at = 0;
  const parts = sizes.map((size) => {
    at += size;
    return body.subarray(at - size, at);
  });
  const sequence = journal.append(journalClass, kind, project, parts, (error) => tell(error?.message ?? null));
  if (sequence === null) tell('the journal is full');
}

// The door of files and batches: authenticated, answered, every refusal in OpenAI's envelope.
import { type Asking, openAsking, sendRefusal } from './asking.ts';
import { serveBatch } from './batches.ts';
import { serveFile } from './files.ts';

/** Answers the request. Never rejects. */
export async function serveBatches(given: Pick<Asking, 'at' | 'deps' | 'snapshot' | 'pool' | 'request' | 'response' | 'clientAddress'>): Promise<void> {
  const { at, request } = given;
  given.snapshot.enter();
  const reads = request.method === 'POST' && at.part === null;
  if (!reads) request.resume();
  try {
    const asking = await openAsking(given);
    if (at.kind === 'file') await serveFile({ ...asking, at });
    else await serveBatch({ ...asking, at });
  } catch (error) {
    if (reads) request.resume();
    sendRefusal(given, error);
  } finally {
    given.snapshot.leave();
  }
}

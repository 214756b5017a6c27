// What the processes of a live tail in roles apart say to each other: readers ask whoever stores, and the one that does sends frames.
import { z } from 'zod';
import { parsed } from '#lib/json.ts';

/** Heard by the processes that may store. */
export const WATCH_TOPIC = 'tail';
/** Heard by the one reader. */
export const framesTopic = (id: string): string => `tail:${id}`;

const id = z.string().regex(/^[0-9a-f]{16,64}$/);
const watch = z.object({
  kind: z.literal('watch'),
  id,
  projectId: z.string(),
  organizationId: z.string(),
  /** As the route takes it; checked by the reader. */
  filter: z.string(),
  /** The id of the last event that the reader had. */
  after: z.string().nullable(),
});
const asked = z.discriminatedUnion('kind', [watch, z.object({ kind: z.literal('end'), id })]);
export type Watch = z.output<typeof watch>;

const sent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('frames'), from: z.string(), number: z.number().int().min(0), text: z.string() }),
  z.object({ kind: z.literal('refused'), from: z.string(), status: z.number().int(), message: z.string() }),
]);
export type Asked = z.output<typeof asked>;
export type Sent = z.output<typeof sent>;

/** What was asked or sent; null for what is neither. Never throw. */
export const askedIn = (text: string): Asked | null => asked.safeParse(parsed(text)).data ?? null;
export const sentIn = (text: string): Sent | null => sent.safeParse(parsed(text)).data ?? null;

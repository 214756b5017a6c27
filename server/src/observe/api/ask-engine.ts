// How a route of the front asks the engine for what is stored: in the caller's own name.
import type { Principal } from '#identity/principal.ts';

/** The JSON answer of a read, or of a POST when there is a body; null when it is not found. @throws AppError 503 while the engine is away. */
export type AskEngine = (principal: Principal, path: string, body?: unknown) => Promise<unknown>;

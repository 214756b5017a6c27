// How a route of the front asks the engine for what is stored: a read of the public API in the caller's own name.
import type { Principal } from '#identity/principal.ts';

/** The JSON answer of a read; null when it is not found. @throws AppError 503 while the engine is away. */
export type AskEngine = (principal: Principal, path: string) => Promise<unknown>;

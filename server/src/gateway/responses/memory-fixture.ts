// For tests: responses in memory, held to the port's conformance.
import { MOST_TURNS, type NewResponse, type ResponseStore } from './port.ts';
import { tooLong } from './store.ts';

export function memoryResponses(nowMs: () => number = Date.now): ResponseStore {
  const kept = new Map<string, NewResponse>();
  const found = (id: string, owner: string): NewResponse | null => {
    const response = kept.get(id);
    return response !== undefined && response.owner === owner && response.expiresAtMs > nowMs() ? response : null;
  };
  return {
    async keep(response) {
      for (let id = response.previousId; id !== null; ) {
        const earlier: NewResponse | null = found(id, response.owner);
        if (earlier !== null) kept.set(earlier.id, { ...earlier, expiresAtMs: Math.max(earlier.expiresAtMs, response.expiresAtMs) });
        id = earlier?.previousId ?? null;
      }
      if (!kept.has(response.id)) kept.set(response.id, response);
    },
    find: async (id, owner) => found(id, owner),
    async conversation(id, owner, maxBytes) {
      const turns: NewResponse[] = [];
      let size = 0;
      for (let at: string | null = id; at !== null; ) {
        const turn = found(at, owner);
        if (turn === null) return null;
        size += turn.content === null ? 0 : turn.content.input.length + turn.content.response.length;
        if (turns.unshift(turn) > MOST_TURNS || size > maxBytes) throw tooLong();
        at = turn.previousId;
      }
      return turns;
    },
    remove: async (id, owner) => found(id, owner) !== null && kept.delete(id),
  };
}

// One line of the doctor's table.

export interface Finding {
  /** Stable name for scripts, for example `port.gateway`. */
  id: string;
  state: 'ok' | 'warning' | 'problem' | 'skipped';
  /** What was found and, when it is not good, what to do. */
  detail: string;
}

export function ok(id: string, detail: string): Finding {
  return { id, state: 'ok', detail };
}
export function warning(id: string, detail: string): Finding {
  return { id, state: 'warning', detail };
}
export function problem(id: string, detail: string): Finding {
  return { id, state: 'problem', detail };
}

// Keyboard shortcuts: single keys and g-sequences on the whole page, silent while somebody types.
import { useEffect, useRef } from 'react';

/** Key (`?`, `/`, `j`) or sequence (`g o`) to what it does. */
export type Shortcuts = Readonly<Record<string, (event: KeyboardEvent) => void>>;

const SEQUENCE_TIMEOUT_MS = 1_200;

/** True when the keystroke belongs to an input, or carries a modifier that means something else. */
export function belongsToInput(
  event: Pick<KeyboardEvent, 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing'>,
  target: { tagName?: string; isContentEditable?: boolean } | null,
): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return true;
  return target !== null && (target.isContentEditable === true || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName ?? ''));
}

/** The shortcut that a key completes, and the prefix that waits for another. */
export function nextKey(shortcuts: Shortcuts, pending: string, key: string): { match: string | null; pending: string } {
  const sequence = pending ? `${pending} ${key}` : key;
  if (sequence in shortcuts) return { match: sequence, pending: '' };
  if (Object.keys(shortcuts).some((name) => name.startsWith(`${sequence} `))) return { match: null, pending: sequence };
  // A broken sequence counts as a fresh key: "g j" is j.
  if (pending && key in shortcuts) return { match: key, pending: '' };
  return { match: null, pending: '' };
}

/** What is installed now, outermost first. One list and one listener, so that the k of "g k" does not also move a row. */
const layers: { current: Shortcuts }[] = [];
let pending = '';
let pressedAt = 0;

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || belongsToInput(event, event.target as HTMLElement | null)) return;
  if (event.timeStamp - pressedAt > SEQUENCE_TIMEOUT_MS) pending = '';
  pressedAt = event.timeStamp;
  const shortcuts: Shortcuts = Object.assign({}, ...layers.map((layer) => layer.current));
  const next = nextKey(shortcuts, pending, event.key);
  pending = next.pending;
  if (next.match !== null) shortcuts[next.match]?.(event);
}

/** Installs the shortcuts while the component is shown; the innermost wins a key that two want. */
export function useShortcuts(shortcuts: Shortcuts, enabled = true): void {
  const layer = useRef(shortcuts);
  useEffect(() => {
    layer.current = shortcuts;
  });
  useEffect(() => {
    if (!enabled) return;
    if (layers.length === 0) window.addEventListener('keydown', onKeyDown);
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) window.removeEventListener('keydown', onKeyDown);
    };
  }, [enabled]);
}

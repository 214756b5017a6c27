// Which rows the trace page shows: a pure model from observations to indented, timed, summed rows. The virtual list only draws it.
import type { ConsoleObservation, ConsoleTrace } from '@genai/server/contract';
import { addDecimals } from '#lib/decimal.ts';

/** One line of the tree and of the timeline. */
export interface TraceRow {
  /** Observation id, or the trace id for the first row. */
  id: string;
  /** null for the row of the trace itself. */
  observation: ConsoleObservation | null;
  parentId: string | null;
  /** 0 for the trace. */
  depth: number;
  /** Per ancestor level below the trace: does its branch line go on beneath this row? */
  guides: readonly boolean[];
  children: number;
  /** Everything below, children's children included. */
  descendants: number;
  /** Bar position in percent of the trace's duration. */
  leftPercent: number;
  widthPercent: number;
  /** null while it runs or when no end was sent. */
  durationMs: number | null;
  /** Decimal string, this row and everything below, each call counted once; null = unknown. */
  cost: string | null;
  tokens: number;
  /** Observations at level ERROR here and below. */
  errors: number;
}

export interface TraceTree {
  /** All rows, depth first, as if everything were open. */
  rows: readonly TraceRow[];
  startMs: number;
  durationMs: number;
}

interface Node {
  observation: ConsoleObservation;
  startMs: number;
  endMs: number;
  children: Node[];
}

/** Tokens of an observation: its own total, else the sum of what it lists. */
export function totalTokens(usage: Readonly<Record<string, number>>): number {
  if (typeof usage.total === 'number') return usage.total;
  if (typeof usage.input === 'number' || typeof usage.output === 'number') return (usage.input ?? 0) + (usage.output ?? 0);
  return Object.values(usage).reduce((sum, value) => sum + value, 0);
}

/**
 * Builds the tree. An observation whose parent is missing, is itself, or lies in a ring of parents hangs under the trace, so that every observation appears exactly once.
 */
export function buildTraceTree(data: ConsoleTrace): TraceTree {
  const roots = linkNodes(data.observations);
  const traceStart = parseInstant(data.trace.timestamp) ?? 0;
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  eachNode(roots, (node) => {
    startMs = Math.min(startMs, node.startMs);
    endMs = Math.max(endMs, node.endMs);
  });
  if (!Number.isFinite(startMs)) {
    startMs = traceStart;
    endMs = traceStart + (data.trace.latencyMs ?? 0);
  }
  const durationMs = Math.max(0, endMs - startMs);
  const rows: TraceRow[] = [traceRow(data, durationMs)];
  appendRows(rows, roots, { traceId: data.trace.id, startMs, durationMs });
  sumUp(rows);
  return { rows, startMs, durationMs };
}

/** The rows left when the subtrees of `collapsed` ids are closed; order is kept. */
export function visibleRows(rows: readonly TraceRow[], collapsed: ReadonlySet<string>): TraceRow[] {
  const visible: TraceRow[] = [];
  let hiddenBelow = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (row.depth > hiddenBelow) continue;
    hiddenBelow = collapsed.has(row.id) && row.children > 0 ? row.depth : Number.POSITIVE_INFINITY;
    visible.push(row);
  }
  return visible;
}

/** `collapsed` without the ancestors of `id`, so that a deep link is visible. */
export function revealRow(rows: readonly TraceRow[], collapsed: ReadonlySet<string>, id: string): Set<string> {
  const parents = new Map(rows.map((row) => [row.id, row.parentId]));
  const open = new Set(collapsed);
  let parent = parents.get(id) ?? null;
  while (parent !== null) {
    open.delete(parent);
    parent = parents.get(parent) ?? null;
  }
  return open;
}

/** What an arrow key does in the tree (the WAI-ARIA tree pattern): move, open, close, or go to the parent or first child. */
export function arrowKey(
  key: string,
  visible: readonly TraceRow[],
  selectedId: string,
  collapsed: ReadonlySet<string>,
): { select?: string; toggle?: string } | null {
  const index = visible.findIndex((row) => row.id === selectedId);
  const row = visible[index];
  if (!row) return visible[0] ? { select: visible[0].id } : null;
  const target = (at: number) => (visible[at] ? { select: visible[at].id } : null);
  switch (key) {
    case 'ArrowDown':
    case 'j':
      return target(index + 1);
    case 'ArrowUp':
    case 'k':
      return target(index - 1);
    case 'Home':
      return target(0);
    case 'End':
      return target(visible.length - 1);
    case 'ArrowRight':
      if (row.children === 0) return null;
      return collapsed.has(row.id) ? { toggle: row.id } : target(index + 1);
    case 'ArrowLeft':
      if (row.children > 0 && !collapsed.has(row.id)) return { toggle: row.id };
      return row.parentId === null ? null : { select: row.parentId };
    default:
      return null;
  }
}

function traceRow(data: ConsoleTrace, durationMs: number): TraceRow {
  return {
    id: data.trace.id,
    observation: null,
    parentId: null,
    depth: 0,
    guides: [],
    children: 0,
    descendants: 0,
    leftPercent: 0,
    widthPercent: 100,
    durationMs: data.trace.latencyMs ?? durationMs,
    cost: data.trace.totalCost,
    tokens: data.trace.totalTokens,
    errors: 0,
  };
}

function linkNodes(observations: readonly ConsoleObservation[]): Node[] {
  const nodes = new Map<string, Node>();
  for (const observation of observations) {
    const startMs = parseInstant(observation.startTime) ?? 0;
    const endMs = parseInstant(observation.endTime) ?? startMs + (observation.latencyMs ?? 0);
    if (!nodes.has(observation.id)) nodes.set(observation.id, { observation, startMs, endMs: Math.max(startMs, endMs), children: [] });
  }
  const roots: Node[] = [];
  const rooted = new Set<string>();
  for (const node of nodes.values()) {
    const parent = parentOf(node, nodes);
    if (parent && reachesRoot(node, nodes, rooted)) parent.children.push(node);
    else roots.push(node);
  }
  eachNode(roots, (node) => node.children.sort(byStart));
  return roots.sort(byStart);
}

function parentOf(node: Node, nodes: ReadonlyMap<string, Node>): Node | undefined {
  const { id, parentId } = node.observation;
  return parentId === null || parentId === id ? undefined : nodes.get(parentId);
}

/** Walks up; false when the walk comes back to a node it has seen (a ring). Known good nodes are remembered, so the whole is linear. */
function reachesRoot(start: Node, nodes: ReadonlyMap<string, Node>, rooted: Set<string>): boolean {
  const seen = new Set<string>();
  let node: Node | undefined = start;
  while (node) {
    const id = node.observation.id;
    if (rooted.has(id)) break;
    if (seen.has(id)) return false;
    seen.add(id);
    node = parentOf(node, nodes);
  }
  for (const id of seen) rooted.add(id);
  return true;
}

function byStart(left: Node, right: Node): number {
  return left.startMs - right.startMs || left.endMs - right.endMs || (left.observation.id < right.observation.id ? -1 : 1);
}

/** Depth first without recursion: a chain of 80,000 spans must not overflow the stack. */
function eachNode(roots: readonly Node[], visit: (node: Node) => void): void {
  const stack = [...roots];
  for (let node = stack.pop(); node; node = stack.pop()) {
    visit(node);
    for (const child of node.children) stack.push(child);
  }
}

interface Frame {
  node: Node;
  parentId: string;
  depth: number;
  guides: readonly boolean[];
}

/** Indentation stops growing here, and so do the guides: nobody can read deeper, and guides would grow quadratically. */
const MAX_GUIDES = 24;

function appendRows(rows: TraceRow[], roots: readonly Node[], span: { traceId: string; startMs: number; durationMs: number }): void {
  const stack: Frame[] = [];
  const push = (nodes: readonly Node[], parentId: string, depth: number, guides: readonly boolean[]) => {
    for (let index = nodes.length - 1; index >= 0; index -= 1) {
      const node = nodes[index] as Node;
      const goesOn = index < nodes.length - 1;
      stack.push({ node, parentId, depth, guides: guides.length >= MAX_GUIDES ? guides : [...guides, goesOn] });
    }
  };
  (rows[0] as TraceRow).children = roots.length;
  push(roots, span.traceId, 1, []);
  const scale = span.durationMs > 0 ? 100 / span.durationMs : 0;
  for (let frame = stack.pop(); frame; frame = stack.pop()) {
    const { node, parentId, depth, guides } = frame;
    const { observation } = node;
    rows.push({
      id: observation.id,
      observation,
      parentId,
      depth,
      guides,
      children: node.children.length,
      descendants: 0,
      leftPercent: (node.startMs - span.startMs) * scale,
      widthPercent: span.durationMs > 0 ? (node.endMs - node.startMs) * scale : 100,
      durationMs: observation.latencyMs ?? (observation.endTime === null ? null : node.endMs - node.startMs),
      cost: observation.costCountedElsewhere ? null : observation.totalCost,
      tokens: observation.costCountedElsewhere ? 0 : totalTokens(observation.usage),
      errors: observation.level === 'ERROR' ? 1 : 0,
    });
    push(node.children, observation.id, depth + 1, guides);
  }
}

/** Adds every row to its parent, last row first; the trace keeps the server's totals for cost and tokens. */
function sumUp(rows: readonly TraceRow[]): void {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const costs = new Map<string, (string | null)[]>();
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index] as TraceRow;
    const below = costs.get(row.id);
    if (below && row.observation) row.cost = addDecimals([row.cost, ...below]);
    const parent = row.parentId === null ? undefined : byId.get(row.parentId);
    if (!parent || parent === row) continue;
    parent.descendants += row.descendants + 1;
    parent.errors += row.errors;
    if (!parent.observation) continue;
    parent.tokens += row.tokens;
    const list = costs.get(parent.id);
    if (list) list.push(row.cost);
    else costs.set(parent.id, [row.cost]);
  }
}

/** Milliseconds with the microseconds that Date.parse drops: a refused call takes 0.4 ms. */
function parseInstant(iso: string | null): number | null {
  if (iso === null) return null;
  const parsed = Date.parse(iso);
  if (Number.isNaN(parsed)) return null;
  const beyond = /\.\d{3}(\d{1,6})/.exec(iso)?.[1];
  return beyond === undefined ? parsed : parsed + Number(`0.${beyond}`);
}

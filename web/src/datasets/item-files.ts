// Items of a dataset out of a JSONL or CSV file, and back to JSONL. Pure; a fault names its line.

import Papa from 'papaparse';

/** An item as POST /api/public/dataset-items takes it. */
export interface ItemDraft {
  id?: string;
  input?: unknown;
  expectedOutput?: unknown;
  metadata?: unknown;
  status?: 'ACTIVE' | 'ARCHIVED';
}

export type ReadFile = { items: ItemDraft[] } | { line: number; fault: 'not-json' | 'not-an-object' | 'no-columns' | 'open-quote' };

/** Names under which files of other tools keep the same things. */
const NAMES: Readonly<Record<string, keyof ItemDraft>> = {
  id: 'id',
  input: 'input',
  question: 'input',
  prompt: 'input',
  expected_output: 'expectedOutput',
  expectedoutput: 'expectedOutput',
  expected: 'expectedOutput',
  output: 'expectedOutput',
  answer: 'expectedOutput',
  metadata: 'metadata',
};

/** Reads a file by its name's ending: `.csv`, else one JSON object a line. */
export function readItems(fileName: string, text: string): ReadFile {
  const withoutMark = text.replace(/^\uFEFF/, '');
  return fileName.toLowerCase().endsWith('.csv') ? readCsv(withoutMark) : readJsonLines(withoutMark);
}

function readJsonLines(text: string): ReadFile {
  const items: ItemDraft[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const value = parse(line);
    if (value === undefined) return { line: index + 1, fault: 'not-json' };
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { line: index + 1, fault: 'not-an-object' };
    const named = draftOf(Object.entries(value));
    // An object without any known name is itself the input.
    items.push(Object.keys(named).length === 0 ? { input: value } : named);
  }
  return { items };
}

function readCsv(text: string): ReadFile {
  const { data: rows, errors } = Papa.parse<string[]>(text, { skipEmptyLines: true, delimiter: ',' });
  const open = errors.find((error) => error.type === 'Quotes');
  if (open) return { line: text.slice(0, open.index ?? 0).split('\n').length, fault: 'open-quote' };
  const [head = [], ...body] = rows;
  const columns = head.map((name) => name.trim());
  if (Object.keys(draftOf(columns.map((name) => [name, '']))).length === 0) return { line: 1, fault: 'no-columns' };
  return { items: body.map((row) => draftOf(columns.flatMap((name, index) => (row[index] ? [[name, cellValue(row[index])] as [string, unknown]] : [])))) };
}

/** Only what looks like an object or a list is read as JSON: a number or a date in a cell is a text that a person wrote. */
function cellValue(cell: string): unknown {
  return /^\s*[[{]/.test(cell) ? (parse(cell) ?? cell) : cell;
}

function draftOf(entries: readonly (readonly [string, unknown])[]): ItemDraft {
  const draft: ItemDraft = {};
  for (const [name, value] of entries) {
    const known = NAMES[name.toLowerCase().replaceAll(' ', '_')];
    if (known === 'id') draft.id = String(value);
    else if (known !== undefined && known !== 'status') draft[known] = value;
  }
  return draft;
}

/** Items as a JSONL file that `readItems` reads back. */
export function writeJsonLines(items: readonly { id: string; input: unknown; expectedOutput: unknown; metadata: unknown }[]): string {
  return items.map(({ id, input, expectedOutput, metadata }) => `${JSON.stringify({ id, input, expected_output: expectedOutput, metadata })}\n`).join('');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// Collects every fault and remark of a start, so that all are shown at once; the same remark at many places becomes one line.
import type { ConfigNote } from './settings.ts';

/** Where a note belongs: a file with path and line, or a flag or variable name as the path. */
export interface NotePlace {
  path: string;
  line?: number | null;
  file?: string | undefined;
}

interface Collected {
  note: ConfigNote;
  more: number;
}

/** Notes in the order in which they were found; list entries ("[3]") with the same message are counted instead of repeated. */
export class Notes {
  readonly #byPlace = new Map<string, Collected>();

  error(place: NotePlace, message: string): void {
    // Each fault needs its own line number, so faults are never merged across entries.
    this.#add('error', place, message, place.path);
  }

  warning(place: NotePlace, message: string): void {
    this.#add('warning', place, message, place.path.replace(/\[\d+\]/g, '[]'));
  }

  /** Everything collected so far, file by file in the order of their lines; a merged remark says how many more places it concerns. */
  list(): ConfigNote[] {
    const notes = [...this.#byPlace.values()].map(({ note, more }) => (more === 0 ? note : { ...note, message: `${note.message} (and ${more} more)` }));
    const files = [...new Set(notes.map((note) => note.file))];
    return notes.toSorted((first, second) => files.indexOf(first.file) - files.indexOf(second.file) || (first.line ?? 0) - (second.line ?? 0));
  }

  #add(level: ConfigNote['level'], place: NotePlace, message: string, mergePath: string): void {
    const key = `${level}\n${place.file ?? ''}\n${mergePath}\n${message}`;
    const known = this.#byPlace.get(key);
    if (known !== undefined) {
      if (known.note.path !== place.path || known.note.line !== (place.line ?? null)) known.more += 1;
      return;
    }
    const note: ConfigNote = { level, path: place.path, line: place.line ?? null, message };
    if (place.file !== undefined) note.file = place.file;
    this.#byPlace.set(key, { note, more: 0 });
  }
}

/** One line for people: `config.yaml:12 model_list[0].litellm_params.rpm: must be ...`. */
export function formatNote(note: ConfigNote): string {
  const where = note.file === undefined ? '' : `${note.file}${note.line === null ? '' : `:${note.line}`} `;
  return `${where}${note.path === '' ? '' : `${note.path}: `}${note.message}`;
}

/** True when a start must be refused. */
export function hasFaults(notes: readonly ConfigNote[]): boolean {
  return notes.some((note) => note.level === 'error');
}

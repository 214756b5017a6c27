// Masking inside JSON text: only the literals that hold something change, every other byte stays as received. Numbers and texts, names of members not; JSON inside of texts too.

/** Masks one text. */
export type MaskString = (text: string) => string;
/** Whether the value of a member is left alone; `depth` counts objects and arrays around it, the whole text's own being 1. */
export type IsStructural = (name: string, depth: number) => boolean;

const LITERAL = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:]/g;
const MAX_NESTED = 5;

const nothing: IsStructural = () => false;

/** The JSON text with masked literals; what stands outside of literals is as it was. */
export function maskJson(json: string, mask: MaskString, isStructural: IsStructural = nothing, nested = 0): string {
  const pieces: string[] = [];
  let from = 0;
  const walk = new Walk();
  for (const { 0: token, index } of json.matchAll(LITERAL)) {
    if (!walk.isValue(token) || (walk.name !== null && isStructural(walk.name, walk.depth))) continue;
    const masked = maskLiteral(token, mask, nested);
    if (masked === token) continue;
    pieces.push(json.slice(from, index), masked);
    from = index + token.length;
  }
  return pieces.length === 0 ? json : pieces.join('') + json.slice(from);
}

/** Where in the text a token stands: under which name, how deep. */
class Walk {
  /** Name of the member whose value comes; members of an array are called as the array is. */
  name: string | null = null;
  #isName = false;
  readonly #around: { isObject: boolean; name: string | null }[] = [];

  get depth(): number {
    return this.#around.length;
  }

  /** Takes the next token; true when it is a text or number that stands as a value. */
  isValue(token: string): boolean {
    if (token === '{' || token === '[') this.#open(token === '{');
    else if (token === '}' || token === ']') this.#close();
    else if (token === ',') this.#isName = this.#around.at(-1)?.isObject === true;
    else if (token === ':') this.#isName = false;
    else if (this.#isName) this.name = nameOf(token);
    else return true;
    return false;
  }

  #open(isObject: boolean): void {
    this.#around.push({ isObject, name: this.name });
    this.#isName = isObject;
    if (isObject) this.name = null;
  }

  #close(): void {
    this.name = this.#around.pop()?.name ?? null;
    this.#isName = false;
  }
}

function nameOf(token: string): string {
  return token.includes('\\') ? (decoded(token) ?? token.slice(1, -1)) : token.slice(1, -1);
}

function maskLiteral(token: string, mask: MaskString, nested: number): string {
  if (token[0] !== '"') {
    if (token.length < 7) return token;
    const masked = mask(token);
    return masked === token ? token : JSON.stringify(masked);
  }
  if (token.length < 7) return token;
  const text = token.includes('\\') ? decoded(token) : token.slice(1, -1);
  if (text === null) return token;
  const masked = maskAnyText(text, mask, nested);
  return masked === text ? token : JSON.stringify(masked);
}

/** A text that may be JSON itself, as instrumentations put it into attributes. */
export function maskAnyText(text: string, mask: MaskString, nested = 0): string {
  const first = text.trimStart()[0];
  return nested < MAX_NESTED && (first === '{' || first === '[') && text.includes('"') ? maskJson(text, mask, nothing, nested + 1) : mask(text);
}

function decoded(token: string): string | null {
  try {
    return JSON.parse(token) as string;
  } catch {
    return null;
  }
}

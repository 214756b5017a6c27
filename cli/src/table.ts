// Plain-text tables whose columns also line up with Japanese text, which takes two cells a character.

/** Cells that a terminal uses for the text. */
export function cellWidth(text: string): number {
  let width = 0;
  for (const character of text) width += isWide(character.codePointAt(0) ?? 0) ? 2 : 1;
  return width;
}

function isWide(point: number): boolean {
  return (
    (point >= 0x1100 && point <= 0x115f) ||
    (point >= 0x2e80 && point <= 0xa4cf) ||
    (point >= 0xac00 && point <= 0xd7a3) ||
    (point >= 0xf900 && point <= 0xfaff) ||
    (point >= 0xfe30 && point <= 0xfe6f) ||
    (point >= 0xff00 && point <= 0xff60) ||
    (point >= 0xffe0 && point <= 0xffe6) ||
    (point >= 0x1f300 && point <= 0x1faff)
  );
}

/** Rows under a header, two spaces between columns, no trailing blanks. Control characters in cells become spaces. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a server's text must not move the cursor of the person's terminal
  const clean = [header, ...rows].map((cells) => cells.map((cell) => cell.replace(/[\u0000-\u001F\u007F-\u009F]+/g, ' ')));
  const widths = header.map((_, column) => Math.max(...clean.map((cells) => cellWidth(cells[column] ?? ''))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - cellWidth(cell)))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = clean;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

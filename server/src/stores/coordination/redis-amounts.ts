// Picos <-> the "<units> <picos>" pairs of the Lua scripts.
const UNIT = 1_000_000_000_000n;

/** Floored, so that the second part is never negative. */
export function toPair(picos: bigint): string {
  let units = picos / UNIT;
  let rest = picos % UNIT;
  if (rest < 0n) {
    rest += UNIT;
    units -= 1n;
  }
  return `${units} ${rest}`;
}

/** @throws when the text is no pair. */
export function fromPair(text: string): bigint {
  const space = text.indexOf(' ');
  return BigInt(text.slice(0, space)) * UNIT + BigInt(text.slice(space + 1));
}

// For tests: rates are counted by the minute of the clock, so calls that one limit is to count must not stand in two of them.

/** Waits for the next minute when this one ends in less than `neededMs`. */
export async function minuteWithRoom(neededMs = 5_000): Promise<void> {
  const leftMs = 60_000 - (Date.now() % 60_000);
  if (leftMs < neededMs) await new Promise((resolve) => setTimeout(resolve, leftMs + 20));
}

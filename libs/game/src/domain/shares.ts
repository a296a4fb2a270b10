/**
 * Divides a print run among prizes by their weights, exactly: the method of largest remainders. Each count differs from
 * the ideal share by less than one, and the counts add up to the total.
 * @param total tickets to divide, a whole number
 * @param weights positive whole numbers; a prize's share is its weight over their sum
 * @throws RangeError for weights or a total that can't be divided
 */
export function allocateShares(total: number, weights: readonly number[]): number[] {
  if (!Number.isSafeInteger(total) || total < 0) throw new RangeError('The total must be a whole number');
  if (weights.length === 0 || weights.some((weight) => !Number.isSafeInteger(weight) || weight <= 0)) {
    throw new RangeError('Weights must be positive whole numbers');
  }
  const sum = weights.reduce((a, b) => a + BigInt(b), 0n);
  const parts = weights.map((weight, place) => {
    // Whole-number arithmetic throughout: 0.1 + 0.2 would already lose a ticket.
    const product = BigInt(total) * BigInt(weight);
    return { place, count: Number(product / sum), remainder: product % sum };
  });
  let left = total - parts.reduce((a, part) => a + part.count, 0);
  const byRemainder = [...parts].sort((a, b) =>
    a.remainder === b.remainder ? a.place - b.place : a.remainder > b.remainder ? -1 : 1,
  );
  for (const part of byRemainder) {
    if (left === 0) break;
    part.count++;
    left--;
  }
  return parts.map((part) => part.count);
}

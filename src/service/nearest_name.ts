/** The name that was probably meant: at most two letters wrong, missing, added or swapped, and fewer than half of them. */
export function nearestName(written: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, distance: distance(written.toLowerCase(), name) }))
    .filter(({ name, distance }) => distance <= 2 && distance < name.length / 2)
    .toSorted((a, b) => a.distance - b.distance);
  return near[0]?.name;
}

/** How many letters must be changed, added, left out or swapped with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (cells: readonly number[], column: number) => cells[column] ?? Infinity;
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? at(before, j - 2) + 1
        : Infinity;
      next.push(Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + same, swapped));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) ?? Infinity;
}

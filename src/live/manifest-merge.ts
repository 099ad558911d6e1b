/** Lines of the other one that are not in the own one, as they are to be added to its end: a manifest is only ever added to. */
export function mergeManifests(own: string, other: string): { readonly added: string } {
  const known = new Set(own.split('\n'));
  const lines = other.split('\n').filter((line) => line !== '' && !known.has(line));
  return { added: lines.map((line) => `${line}\n`).join('') };
}

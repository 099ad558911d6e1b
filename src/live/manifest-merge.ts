/** Lines of the other one that are not in the own one, as they are to be added to its end: a manifest is only ever added to. */
export function mergeManifests(own: string, other: string): { readonly added: string } {
  const known = new Set(own.split('\n'));
  const lines = other.split('\n').filter((line) => line !== '' && !known.has(line));
  return { added: lines.map((line) => `${line}\n`).join('') };
}

/** A manifest up to the first line that needs what is not there yet. */
export function manifestWithout(missing: ReadonlySet<string>, text: string): string {
  if (missing.size === 0) return text;
  const lines = text.split('\n');
  const first = lines.findIndex((line) => [...line.matchAll(/"(?:uri|mapUri)":"([^"]*)"/g)].some(([, name = '']) => missing.has(name)));
  return first < 0 ? text : lines.slice(0, first).map((line) => `${line}\n`).join('');
}

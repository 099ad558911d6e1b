import type { SourceFile } from './source-files.js';
import { floorOf } from './source-files.js';

const begin = '<!-- imports: made by `npm run draw` -->';
const end = '<!-- end of imports -->';

/** Imported from everywhere: arrows to these would hide all others. */
const everywhere = ['protocol'];

/** Which floor imports from which, as a Mermaid flowchart. */
export function importsPicture(files: readonly SourceFile[]): string {
  const floors = new Set(files.map(({ floor }) => floor));
  const arrows = files.flatMap(({ floor, imports }) => {
    const targets = imports.filter((name) => name.startsWith('src/')).map(floorOf);
    return targets.filter((target) => target !== floor && !everywhere.includes(target)).map((target) => `  ${nodeOf(floor)} --> ${nodeOf(target)}`);
  });
  const nodes = [...floors].sort().map((floor) => `  ${nodeOf(floor)}["${floor}"]`);
  return ['```mermaid', 'flowchart TD', ...nodes, ...[...new Set(arrows)].sort(), '```'].join('\n');
}

/**
 * The page with the picture in its place.
 * @throws {Error} when the page has no place for it
 */
export function withPicture(page: string, picture: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected "${begin}" and "${end}" in the page`);
  return `${page.slice(0, from + begin.length)}\n${picture}\n${page.slice(to)}`;
}

const nodeOf = (floor: string): string => floor.replace(/\W/g, '_');

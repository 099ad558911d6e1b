/** Where this server's addresses begin, also behind a proxy that puts a path before them. No slash at the end. */
export const serverBase = baseOf(import.meta.url);

/** @param scriptUrl of a bundle or a chunk: all of them stand below `/assets/` */
export function baseOf(scriptUrl: string): string {
  return /^(.*)\/assets\//.exec(scriptUrl)?.[1] ?? new URL(scriptUrl).origin;
}

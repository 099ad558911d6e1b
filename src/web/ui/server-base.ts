/** Where this server's addresses begin, also behind a proxy that puts a path before them. No slash at the end. */
export const serverBase = baseOf(import.meta.url, 'assets') ?? new URL(import.meta.url).origin;

/** The same for scripts in pages of other sites, which have the SDK from the server itself; undefined where they have it from elsewhere. */
export const sdkServerBase = baseOf(import.meta.url, 'sdk');

/** @param scriptUrl of a bundle or a chunk, which stands below that folder of the server */
export function baseOf(scriptUrl: string, folder: 'assets' | 'sdk'): string | undefined {
  return new RegExp(`^(.*)/${folder}/`).exec(scriptUrl)?.[1];
}

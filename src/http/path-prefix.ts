import type { FastifyInstance } from 'fastify';

/** The path that a proxy puts before the server's addresses (`/onair`), or nothing. */
export function prefixOf(publicUrl: string | undefined): string {
  return publicUrl === undefined ? '' : new URL(publicUrl).pathname.replace(/\/$/, '');
}

/** A request's URL as the routes know it: some proxies hand the prefix on, others take it away. */
export function withoutPrefix(url: string, prefix: string): string {
  if (prefix === '' || !url.startsWith(prefix)) return url;
  const rest = url.slice(prefix.length);
  if (rest.startsWith('/')) return rest;
  return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/';
}

/** The way from the page at this path, as the routes know it, to where the server's addresses begin: `./`, `../`, `../../`. */
function wayToRoot(path: string): string {
  return '../'.repeat(path.split('/').length - 2) || './';
}

/** A page whose addresses begin at the server's root, with all of them told from where it stands: no proxy's prefix is in their way. */
export function withRelativeAddresses(html: string, url: string): string {
  const way = wayToRoot(pathOf(url));
  return html.replace(/(\s(?:href|src|action|poster)=")\/(?!\/)/g, (_found, attribute: string) => `${attribute}${way}`);
}

/** The address that was meant by one with a slash too many (`/watch/NAME/`, `//watch/NAME`), told from there; undefined where there is none too many. */
export function withoutStraySlashes(url: string): string | undefined {
  const path = pathOf(url);
  const meant = path.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  return meant === path ? undefined : `${wayToRoot(path)}${meant.slice(1)}${url.slice(path.length)}`;
}

/** Pages name everything relative to their own address, so the first one needs the slash at the end of the prefix. */
export function redirectToSlash(app: FastifyInstance, publicUrl: string | undefined): void {
  const prefix = prefixOf(publicUrl);
  if (publicUrl === undefined || prefix === '') return;
  app.addHook('onRequest', (request, reply, done) => {
    const { originalUrl } = request;
    if (pathOf(originalUrl) !== prefix) return done();
    void reply.redirect(`${publicUrl}/${originalUrl.slice(prefix.length)}`, 308);
  });
}

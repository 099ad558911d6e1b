import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Teardown } from './programs.js';

/** A web site of somebody else, on an origin of its own: path → HTML. Gives the origin. */
export async function serveWebSite(t: Teardown, pages: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url ?? '/', 'http://site').pathname];
    response.writeHead(page === undefined ? 404 : 200, { 'content-type': 'text/html; charset=utf-8', ...headers });
    response.end(page ?? 'not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

import { liveStreamUrls } from '../../../protocol/urls.js';
import { readUrl } from '../playback/addresses.js';
import type { PublisherOptions } from '../publisher-events.js';
import { ServerList } from '../servers.js';

/** Where a Publisher's bytes can go. @throws {TypeError} when a server's address cannot be right, or there is none */
export function publishAddresses({ url, stream }: Pick<PublisherOptions, 'url' | 'stream'>): ServerList<string> {
  const pageUrl = typeof document === 'undefined' ? undefined : document.baseURI;
  return new ServerList([url].flat().map((each) => {
    const server = readUrl(each, pageUrl);
    if (server === undefined) throw new TypeError(`expected a server's address like https://host, got "${each}"`);
    return liveStreamUrls(server.href.replace(/\/+$/, ''), stream).publish;
  }));
}

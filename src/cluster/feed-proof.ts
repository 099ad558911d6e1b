import type { IncomingMessage } from 'node:http';
import type { VouchedClient } from '../http/client-of.js';
import { feedPath } from './feed-messages.js';
import { proofHeader, type NodeProof } from './node-proof.js';

/**
 * In the place of the method: requests of clients, which nodes hand on with a proof, are never proved so, whatever address they are made to
 * ask for.
 */
const feedMethod = 'FEED';

/** A node asks for itself; the proof has a place for the client. */
const nobody: VouchedClient = { address: '127.0.0.1', protocol: 'http' };

/** With which a node asks another one for a feed. */
export function feedHeaders(proof: NodeProof, url: URL): Record<string, string> {
  return { [proofHeader]: proof.sign({ method: feedMethod, url: `${url.pathname}${url.search}`, host: url.host }, nobody) };
}

/** What has to be proved by who asks for this. */
export function provenMethodOf({ method = '', url = '' }: Pick<IncomingMessage, 'method' | 'url'>): string {
  return url.startsWith(feedPath) ? feedMethod : method;
}

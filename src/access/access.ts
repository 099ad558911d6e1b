import { AdmissionCheck } from './admission-check.js';
import { ServerKey } from './server-key.js';
import { StreamKeys } from './stream-keys.js';
import { ViewingLinks } from './viewing-links.js';

export interface AccessOptions {
  readonly serverKey: string;
  /** Where the hashes of the streams' keys are kept. */
  readonly dataDir: string;
  /** With it, streams are watched by signed links only. */
  readonly viewKey: string | undefined;
  /** The operator's own services, asked beside keys and signatures. */
  readonly publishCheckUrl: string | undefined;
  readonly viewCheckUrl: string | undefined;
  readonly checkTimeoutMs: number;
  readonly viewCheckCacheMs: number;
}

/** Who may do what: all that admits or refuses somebody by what he brings. */
export interface Access {
  readonly serverKey: ServerKey;
  readonly streamKeys: StreamKeys;
  readonly viewingLinks: ViewingLinks | undefined;
  /** To single recordings, also where everything else is open: some are private. Their names are those of `recordingLinkName()`. */
  readonly recordingLinks: ViewingLinks;
  readonly publishCheck: AdmissionCheck | undefined;
  readonly viewCheck: AdmissionCheck | undefined;
}

export function openAccess(options: AccessOptions): Access {
  const { serverKey, dataDir, viewKey, publishCheckUrl, viewCheckUrl, checkTimeoutMs: timeoutMs, viewCheckCacheMs } = options;
  return {
    serverKey: new ServerKey(serverKey),
    streamKeys: new StreamKeys({ dataDir }),
    viewingLinks: viewKey === undefined ? undefined : new ViewingLinks({ viewKey }),
    recordingLinks: new ViewingLinks({ viewKey: viewKey ?? serverKey }),
    publishCheck: publishCheckUrl === undefined ? undefined : new AdmissionCheck({ url: publishCheckUrl, timeoutMs, cacheMs: 0 }),
    viewCheck: viewCheckUrl === undefined ? undefined : new AdmissionCheck({ url: viewCheckUrl, timeoutMs, cacheMs: viewCheckCacheMs }),
  };
}

/** What links to one recording are signed for: no stream is called so. */
export const recordingLinkName = (id: string): string => `recording ${id}`;

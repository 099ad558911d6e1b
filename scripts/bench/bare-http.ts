import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../../test/helpers/programs.js';
import type { Scope } from './scope.js';
import { startWorker } from './worker.js';
import type { BareHttpCommand, bareHttpHandlers } from './workers/bare-http.js';

export interface BareHttpOptions {
  readonly media: Uint8Array;
  readonly playlist?: Uint8Array;
  readonly partBytes?: number;
}

/** Node's own HTTP server with nothing in it but these answers. */
export async function startBareHttp(scope: Scope, { media, playlist, partBytes }: BareHttpOptions): Promise<{ readonly origin: string; readonly pid: number }> {
  const directory = await temporaryDirectory(scope, 'onair-bench-http');
  const mediaFile = join(directory, 'media.m4s');
  await writeFile(mediaFile, media);
  const playlistFile = join(directory, 'media.m3u8.gz');
  await writeFile(playlistFile, playlist ?? '');
  const command: BareHttpCommand = { mediaFile, playlistFile, ...(partBytes !== undefined && { partBytes }) };
  const worker = startWorker<typeof bareHttpHandlers>(scope, { name: 'bare-http', command });
  return { origin: `http://127.0.0.1:${String(await worker.port())}`, pid: worker.pid };
}

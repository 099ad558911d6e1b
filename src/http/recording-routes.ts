import { buffer } from 'node:stream/consumers';
import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/access.js';
import { gapMedia } from '../hls/answer.js';
import { isKeptMedia } from '../hls/media-address.js';
import { readPlaylistName } from '../hls/recording-playlists.js';
import type { StoredMedia } from '../hls/stored-media.js';
import type { ClipWish } from '../live/clip.js';
import { RecordedPlaylists } from '../live/recorded-playlists.js';
import type { RecordingDownloads } from '../live/recording-downloads.js';
import type { RecordingPosters } from '../live/recording-posters.js';
import type { Recordings } from '../live/recordings.js';
import { LiveError } from '../protocol/live-error.js';
import { clientAddress } from './client-of.js';
import { sendMedia } from './media-reply.js';
import { playlistFor, isVlc3 } from './vlc-3.js';
import type { AllowedOrigins } from './origin.js';
import type { PublishGate } from './publish-gate.js';
import { allowPlayback, liveHeaders } from './playback-cors.js';
import { recordingGate } from './recording-gate.js';
import { keepFromSharedCaches } from './viewing-gate.js';
import { requireStillThere, whenGone } from './when-gone.js';

export interface RecordingRoutesOptions {
  readonly recordings: Recordings;
  readonly downloads: RecordingDownloads;
  readonly posters: Pick<RecordingPosters, 'picture'>;
  readonly access: Access;
  readonly publishGate: PublishGate;
  readonly origins: AllowedOrigins;
}

interface Params {
  readonly id: string;
  readonly token?: string;
}

/** Media of a recording never changes, and may be removed. */
const mediaSeconds = 3600;
/** Signed addresses are good for twice as long. */
const redirectSeconds = 1800;

/** Recordings as HLS clients and downloads see them, below `/recordings`. Who may watch a stream may watch its recordings, unless they are private. */
export async function recordingRoutes(app: FastifyInstance, options: RecordingRoutesOptions): Promise<void> {
  const { recordings, downloads, posters, access, origins } = options;
  const mayWatch = recordingGate(options);
  const isGuarded = (id: string): boolean => access.viewingLinks !== undefined || access.viewCheck !== undefined || (recordings.find(id)?.private ?? true);
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(liveHeaders);
    done();
  });
  await allowPlayback(app, origins);
  const playlists = new RecordedPlaylists(recordings);
  /** @throws {LiveError} not-found | unavailable */
  const mediaOf = async (id: string, file: string): Promise<StoredMedia | Buffer> => {
    try {
      return await recordings.media(id, file);
    } catch (error) {
      // Asked only now: what is there is no gap, and most of it is.
      if (error instanceof LiveError && error.code === 'not-found' && (await playlists.isGap(id, file))) return gapMedia;
      throw error;
    }
  };
  const watching = async (recording: FastifyInstance): Promise<void> => {
    recording.addHook('onRequest', async (request, reply) => {
      await mayWatch(request);
      requireStillThere(reply.raw);
    });
    keepFromSharedCaches(recording, (request) => isGuarded((request.params as Params).id));
    recording.get<{ Params: Params; Querystring: Record<string, unknown> }>('/download.mp4', async (request, reply) => {
      const { id } = request.params;
      const clip = readClip(request.query);
      const media = await downloads.file({ id, client: clientAddress(request), clip });
      const name = clip ? `${id}-${clip.from ?? 0}-${clip.to ?? 'end'}` : id;
      reply.header('content-disposition', `attachment; filename="${name}.mp4"`).header('cache-control', `max-age=${mediaSeconds}`);
      return sendMedia(request, reply, media);
    });
    recording.get<{ Params: Params; Querystring: Record<string, unknown> }>('/download.json', async (request, reply) => {
      const told = await downloads.progress({ id: request.params.id, client: clientAddress(request), clip: readClip(request.query) });
      return reply.header('cache-control', 'no-store').send(told);
    });
    recording.get<{ Params: Params }>('/chat.jsonl', async (request, reply) => {
      const said = await recordings.openChat(request.params.id);
      if (said) whenGone(reply.raw, () => said.destroy());
      return reply.type('application/jsonl; charset=utf-8').header('cache-control', 'no-store').send(said ?? '');
    });
    recording.get<{ Params: Params }>('/poster.jpg', async (request, reply) => {
      const jpeg = await posters.picture(request.params.id);
      return reply.header('content-type', 'image/jpeg').header('cache-control', `max-age=${mediaSeconds}`).send(jpeg);
    });
    recording.get<{ Params: Params & { file: string } }>('/:file', async (request, reply) => {
      const { id, file } = request.params;
      const name = readPlaylistName(file);
      if (name) {
        const ended = recordings.get(id).state !== 'recording';
        const playlist = await playlists.of(id, name);
        if (playlist === undefined) throw new LiveError('not-found', 'there is no such playlist in this recording, or nothing in it yet');
        reply.header('cache-control', ended ? 'max-age=60' : 'max-age=1');
        return sendMedia(request, reply, playlistFor(request, reply, playlist));
      }
      // Only names that the server makes become paths.
      if (!isKeptMedia(file)) throw new LiveError('not-found', 'there is no such file in this recording');
      const init = isVlc3(request) ? await playlists.initBefore(id, file) : undefined;
      if (init !== undefined) {
        const pieces = await Promise.all([init, file].map(async (name) => wholeOf(await mediaOf(id, name))));
        // Caches may have what is for everybody, and not this.
        return sendMedia(request, reply.header('cache-control', 'no-store'), Buffer.concat(pieces));
      }
      const address = await recordings.addressOf(id, file);
      if (address !== undefined && !(await playlists.isGap(id, file))) return reply.header('cache-control', `private, max-age=${redirectSeconds}`).redirect(address, 302);
      const media = await mediaOf(id, file);
      reply.header('cache-control', `max-age=${mediaSeconds}`);
      return sendMedia(request, reply, media);
    });
  };
  await app.register(watching, { prefix: '/:id' });
  await app.register(watching, { prefix: '/:id/~:token' });
}

const wholeOf = async (media: StoredMedia | Buffer): Promise<Buffer> => (Buffer.isBuffer(media) ? media : buffer(await media.open(0, media.byteLength)));

/** A piece of a recording, where one is asked for. @throws {LiveError} malformed */
function readClip(query: Record<string, unknown>): ClipWish | undefined {
  const seconds = (name: 'from' | 'to'): number | undefined => {
    const came = query[name];
    if (came === undefined) return undefined;
    if (typeof came === 'string' && /^\d{1,9}(\.\d{1,9})?$/.test(came)) return Number(came);
    throw new LiveError('malformed', `expected "${name}" in seconds from the beginning of the recording, such as 90.5, got ${JSON.stringify(came).slice(0, 80)}`);
  };
  const [from, to] = [seconds('from'), seconds('to')];
  return from === undefined && to === undefined ? undefined : { from, to };
}

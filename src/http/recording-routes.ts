import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.js';
import { readMediaName } from '../hls/media-address.js';
import { recordingPlaylists } from '../hls/recording-playlists.js';
import { RecordedPlaylists } from '../live/recorded-playlists.js';
import type { RecordingDownloads } from '../live/recording-downloads.js';
import type { Recordings } from '../live/recordings.js';
import { LiveError } from '../protocol/live-error.js';
import { sendMedia } from './media-reply.js';
import type { AllowedOrigins } from './origin.js';
import { allowPlayback, liveHeaders } from './playback-cors.js';
import { keepFromSharedCaches } from './viewing-gate.js';
import { requireStillThere } from './when-gone.js';

export interface RecordingRoutesOptions {
  readonly recordings: Recordings;
  readonly downloads: RecordingDownloads;
  readonly access: Access;
  readonly origins: AllowedOrigins;
}

interface Params {
  readonly id: string;
  readonly token?: string;
}

/** Media of a recording never changes, and may be removed. */
const mediaSeconds = 3600;

/** Recordings as HLS clients and downloads see them, below `/recordings`. Who may watch a stream may watch its recordings. */
export async function recordingRoutes(app: FastifyInstance, { recordings, downloads, access, origins }: RecordingRoutesOptions): Promise<void> {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(liveHeaders);
    done();
  });
  await allowPlayback(app, origins);
  const playlists = new RecordedPlaylists(recordings);
  const watching = async (recording: FastifyInstance): Promise<void> => {
    recording.addHook('onRequest', async (request, reply) => {
      await mayWatch(access, recordings, request);
      requireStillThere(reply.raw);
    });
    if (access.viewingLinks || access.viewCheck) keepFromSharedCaches(recording);
    for (const name of Object.keys(recordingPlaylists) as (keyof typeof recordingPlaylists)[]) {
      recording.get<{ Params: Params }>(`/${recordingPlaylists[name]}`, async (request, reply) => {
        const { id } = request.params;
        const ended = recordings.get(id).state !== 'recording';
        const playlist = await playlists.of(id, name);
        if (playlist === undefined) throw new LiveError('not-found', 'there is nothing in this recording yet');
        reply.header('cache-control', ended ? 'max-age=60' : 'max-age=1');
        return sendMedia(request, reply, playlist);
      });
    }
    recording.get<{ Params: Params }>('/download.mp4', async (request, reply) => {
      const { id } = request.params;
      const media = await downloads.open(id);
      reply.header('content-disposition', `attachment; filename="${id}.mp4"`).header('cache-control', `max-age=${mediaSeconds}`);
      return sendMedia(request, reply, media);
    });
    recording.get<{ Params: Params & { file: string } }>('/:file', async (request, reply) => {
      const { id, file } = request.params;
      // Only names that the server makes become paths.
      if (!readMediaName(file)) throw new LiveError('not-found', 'there is no such file in this recording');
      const media = await recordings.media(id, file);
      reply.header('cache-control', `max-age=${mediaSeconds}`);
      return sendMedia(request, reply, media);
    });
  };
  await app.register(watching, { prefix: '/:id' });
  await app.register(watching, { prefix: '/:id/~:token' });
}

/** As for the stream while it was live. @throws {LiveError} not-found | unauthorized | unavailable */
async function mayWatch({ viewingLinks, viewCheck }: Access, recordings: Recordings, request: FastifyRequest): Promise<void> {
  const { id, token } = request.params as Params;
  const { stream } = recordings.get(id).start;
  viewingLinks?.require(stream, token);
  const userAgent = request.headers['user-agent'];
  await viewCheck?.require({ action: 'view', stream, address: request.ip, ...(userAgent !== undefined && { userAgent }), ...(token !== undefined && { token }) });
}

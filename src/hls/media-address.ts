/** The grammar of media addresses below a live stream's own: nothing else writes them, and nothing else reads them. */

/** What the routes of HLS look like. */
export const hlsPaths = {
  multivariant: '/index.m3u8',
  rewind: '/dvr.m3u8',
  mediaPlaylist: '/:broadcast/media.m3u8',
  rewindPlaylist: '/:broadcast/dvr.m3u8',
  keyframePlaylist: '/:broadcast/iframes.m3u8',
  media: '/:broadcast/:file',
  /** Of the renditions beside the lead. */
  renditionPlaylist: '/:broadcast/:rendition/media.m3u8',
  renditionRewindPlaylist: '/:broadcast/:rendition/dvr.m3u8',
  renditionKeyframePlaylist: '/:broadcast/:rendition/iframes.m3u8',
  renditionMedia: '/:broadcast/:rendition/:file',
} as const;

export type MediaName = { readonly kind: 'init'; readonly number: number } | { readonly kind: 'segment' | 'part'; readonly mediaSequence: number };

export const initName = (number: number): string => `init-${number}.mp4`;
export const segmentName = (mediaSequence: number): string => `${mediaSequence}.m4s`;
export const partName = (mediaSequence: number, part: number): string => `${mediaSequence}.${part}.m4s`;

/** What a name stands for; undefined for what is none of ours. */
export function readMediaName(name: string): MediaName | undefined {
  const [, init, mediaSequence, part] = /^(?:init-(\d{1,15})\.mp4|(\d{1,15})(?:\.(\d{1,15}))?\.m4s)$/.exec(name) ?? [];
  if (init !== undefined) return { kind: 'init', number: Number(init) };
  if (mediaSequence === undefined) return undefined;
  return { kind: part === undefined ? 'segment' : 'part', mediaSequence: Number(mediaSequence) };
}

/** Of a rendition beside the best in a folder that has all of them. */
export const keptName = (rendition: string | undefined, name: string): string => (rendition === undefined ? name : `${rendition}_${name}`);

/** Whether something of a recording is called so: media of the best, or of another rendition. */
export function isKeptMedia(name: string): boolean {
  const [, media = ''] = /^(?:[A-Za-z0-9-]{1,32}_)?(.+)$/.exec(name) ?? [];
  return readMediaName(media) !== undefined;
}

/** The playlists of a rendition: the live one; the longer one; the keyframes of that. */
export type PlaylistKind = 'media' | 'dvr' | 'iframes';

/**
 * A media playlist, as the multivariant playlist names it.
 * @param rendition undefined for the lead's
 */
export function mediaPlaylistUri(broadcast: string, rendition: string | undefined, kind: PlaylistKind = 'media'): string {
  return [broadcast, ...(rendition === undefined ? [] : [rendition]), `${kind}.m3u8`].join('/');
}

/** A media playlist, as that of another rendition of the same broadcast names it. */
export function siblingPlaylistUri(from: string | undefined, to: string | undefined): string {
  return `${from === undefined ? '' : '../'}${to === undefined ? '' : `${to}/`}media.m3u8`;
}

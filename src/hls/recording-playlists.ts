import { bitRatesOf } from './bit-rates.js';
import { sumsOf, type Manifest } from './manifest.js';
import { writeMultivariantPlaylist } from './multivariant-playlist.js';
import { writeKeyframePlaylist, writeRecordingPlaylist, type WholeSegments } from './whole-playlists.js';

/** What the playlists of a recording are called, below its address. */
export const recordingPlaylists = { multivariant: 'index.m3u8', media: 'media.m3u8', keyframes: 'iframes.m3u8' } as const;

/**
 * A playlist of what a manifest lists; undefined while there is nothing to play.
 * @param ended nothing is added to it any more
 */
export function writeRecordingText(manifest: Manifest, name: keyof typeof recordingPlaylists, ended: boolean): string | undefined {
  const { start, segments } = manifest;
  if (!start || segments.length === 0) return undefined;
  const { targetDurationSeconds } = start;
  // The list begins where the recording does: what was before is nobody's.
  const list: WholeSegments = { targetDurationSeconds, segments: segments.map((segment, index) => (index === 0 ? { ...segment, discontinuity: false } : segment)), discontinuitySequence: 0, ended };
  if (name === 'media') return writeRecordingPlaylist(list);
  return name === 'keyframes' ? writeKeyframePlaylist(list) : writeMultivariant(manifest, targetDurationSeconds);
}

function writeMultivariant(manifest: Manifest, targetDurationSeconds: number): string {
  const { segments, inits } = manifest;
  const there = segments.filter(({ gap }) => !gap);
  const { width, height } = sumsOf(manifest);
  const resolution = width !== undefined && height !== undefined ? { width, height } : undefined;
  const codecs = [...new Set([...inits.values()].flatMap((init) => init.codecs.split(',')))].join(',');
  const pictureCodec = [...inits.values()].find(({ picture }) => picture)?.picture?.codec;
  const keyframeBitsPerSecond = there.reduce((most, { keyframe, durationSeconds }) => Math.max(most, ((keyframe?.byteLength ?? 0) * 8) / durationSeconds), 0);
  const keyframes = resolution && pictureCodec !== undefined && keyframeBitsPerSecond > 0 ? [{ keyframePlaylistUri: recordingPlaylists.keyframes, codecs: pictureCodec, peakBitsPerSecond: keyframeBitsPerSecond, resolution }] : [];
  return writeMultivariantPlaylist([{ mediaPlaylistUri: recordingPlaylists.media, codecs, ...bitRatesOf(there, targetDurationSeconds), ...(resolution && { resolution }) }], keyframes);
}

import { bitRatesOf } from './bit-rates.js';
import { Encoded } from './encoded.js';
import { encodeList } from './joined-list.js';
import { sumsOf, type Manifest, type ManifestSegment } from './manifest.js';
import { keptName } from './media-address.js';
import { writeMultivariantPlaylist, type KeyframeStream, type VariantStream } from './multivariant-playlist.js';
import { writeKeyframePlaylist, writeRecordingPlaylist, type WholeSegments } from './whole-playlists.js';

/** What the playlists of a recording are called, below its address; those of a rendition beside the best with its name in front, as its media. */
export const recordingPlaylists = { multivariant: 'index.m3u8', media: 'media.m3u8', keyframes: 'iframes.m3u8' } as const;

export interface RecordingPlaylist {
  readonly kind: keyof typeof recordingPlaylists;
  /** undefined: the best. */
  readonly rendition?: string | undefined;
}

/** What a name stands for; undefined for what is none of ours. */
export function readPlaylistName(name: string): RecordingPlaylist | undefined {
  const [, rendition, file] = /^(?:([A-Za-z0-9-]{1,32})_(?=media|iframes))?([a-z]+\.m3u8)$/.exec(name) ?? [];
  const kind = (Object.keys(recordingPlaylists) as (keyof typeof recordingPlaylists)[]).find((each) => recordingPlaylists[each] === file);
  return kind && { kind, rendition };
}

/** One that lacks more than this share of what the best has is not offered: players would go from hole to hole. */
const mostMissing = 0.1;

/**
 * A playlist of what a manifest lists; undefined while there is nothing to play, and of a rendition that is not there.
 * @param ended nothing is added to it any more
 */
export function encodeRecording(manifest: Manifest, { kind, rendition }: RecordingPlaylist, ended: boolean): Encoded | undefined {
  const { start } = manifest;
  const segments = rendition === undefined ? manifest.segments : alongside(manifest, rendition);
  if (!start || segments.length === 0) return undefined;
  const { targetDurationSeconds } = start;
  // The list begins where the recording does: what was before is nobody's.
  const list: WholeSegments = { targetDurationSeconds, segments: segments.map((segment, index) => (index === 0 ? { ...segment, discontinuity: false } : segment)), discontinuitySequence: 0, ended };
  if (kind === 'media') return encodeList(list, { skipped: 0, begunAnew: 0 }, writeRecordingPlaylist);
  return new Encoded(kind === 'keyframes' ? writeKeyframePlaylist(list) : writeMultivariant(manifest, targetDurationSeconds));
}

/** As `encodeRecording`, for whoever reads it here. */
export function writeRecordingText(manifest: Manifest, playlist: RecordingPlaylist, ended: boolean): string | undefined {
  return encodeRecording(manifest, playlist, ended)?.identity.toString();
}

/** A rendition with the very numbers, times and discontinuities of the best: what it lacks is a gap. None if it was never there. */
function alongside({ segments, renditions }: Manifest, rendition: string): readonly ManifestSegment[] {
  const its = new Map((renditions.get(rendition) ?? []).map((segment) => [segment.mediaSequence, segment]));
  const [first] = its.values();
  if (!first) return [];
  let { mapUri } = first;
  return segments.map((best) => {
    const segment = its.get(best.mediaSequence);
    if (!segment) return { ...best, sameTracks: undefined, uri: keptName(rendition, best.uri), mapUri, gap: true, byteLength: 0, keyframe: undefined };
    mapUri = segment.mapUri;
    return { ...segment, durationSeconds: best.durationSeconds, discontinuity: best.discontinuity };
  });
}

/** Names of all that its media playlists list as gaps. */
export function gapsOf(manifest: Manifest): ReadonlySet<string> {
  const lists = [manifest.segments, ...[...manifest.renditions.keys()].map((rendition) => alongside(manifest, rendition))];
  return new Set(lists.flat().flatMap(({ gap, uri }) => (gap ? [uri] : [])));
}

interface Described {
  readonly variant: VariantStream;
  readonly keyframes: readonly KeyframeStream[];
}

function writeMultivariant(manifest: Manifest, targetDurationSeconds: number): string {
  const secondsOf = (segments: readonly ManifestSegment[]): number => segments.reduce((sum, { durationSeconds, gap }) => sum + (gap ? 0 : durationSeconds), 0);
  const most = secondsOf(manifest.segments);
  const others = [...manifest.renditions.keys()].flatMap((rendition) => {
    const segments = alongside(manifest, rendition);
    return secondsOf(segments) < (1 - mostMissing) * most ? [] : [describe(manifest, segments, targetDurationSeconds, rendition)];
  });
  const smaller = others.toSorted((a, b) => pixelsOf(b) - pixelsOf(a));
  const described = [describe(manifest, manifest.segments, targetDurationSeconds), ...smaller];
  return writeMultivariantPlaylist(described.map(({ variant }) => variant), described.flatMap(({ keyframes }) => keyframes));
}

function describe(manifest: Manifest, segments: readonly ManifestSegment[], targetDurationSeconds: number, rendition?: string): Described {
  const there = segments.filter(({ gap }) => !gap);
  const uris = new Set(there.map(({ mapUri }) => mapUri));
  const inits = new Map([...manifest.inits].filter(([uri]) => uris.has(uri)));
  const { width, height } = sumsOf({ segments: [], inits, renditions: new Map() });
  const resolution = width !== undefined && height !== undefined ? { width, height } : undefined;
  const codecs = [...new Set([...inits.values()].flatMap((init) => init.codecs.split(',')))].join(',');
  const pictureCodec = [...inits.values()].find(({ picture }) => picture)?.picture?.codec;
  const peakBitsPerSecond = there.reduce((most, { keyframe, durationSeconds }) => Math.max(most, ((keyframe?.byteLength ?? 0) * 8) / durationSeconds), 0);
  const keyframes = resolution && pictureCodec !== undefined && peakBitsPerSecond > 0 ? [{ keyframePlaylistUri: keptName(rendition, recordingPlaylists.keyframes), codecs: pictureCodec, peakBitsPerSecond, resolution }] : [];
  const variant = { mediaPlaylistUri: keptName(rendition, recordingPlaylists.media), codecs, ...bitRatesOf(there, targetDurationSeconds), ...(resolution && { resolution }) };
  return { variant, keyframes };
}

function pixelsOf({ variant: { resolution } }: Described): number {
  return resolution ? resolution.width * resolution.height : 0;
}

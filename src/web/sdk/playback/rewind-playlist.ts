import type { StreamAddresses } from './playback.js';

/** The playlist of a live stream that goes back. */
export function rewindPlaylist({ hls }: StreamAddresses): string {
  return hls.replace(/index\.m3u8$/, 'dvr.m3u8');
}

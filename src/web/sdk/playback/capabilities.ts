import type { LiveStreamInfo } from '../../../protocol/live-stream-info.js';
import { mediaSourceClass } from './media-source.js';
import type { Capabilities } from './path-choice.js';

/** What this browser can do. @param info facts of the stream, once they are known; a recording has none, and no socket */
export function capabilitiesOf(video: HTMLVideoElement, { info, recorded }: { readonly info?: LiveStreamInfo | undefined; readonly recorded: boolean }): Capabilities {
  const source = mediaSourceClass();
  const codecs = info?.rendition?.codecs;
  return {
    webSocket: !recorded && typeof WebSocket !== 'undefined',
    mediaSource: source !== undefined,
    codecsSupported: codecs === undefined ? undefined : source?.isTypeSupported(`video/mp4; codecs="${codecs}"`),
    nativeHls: video.canPlayType('application/vnd.apple.mpegurl') !== '',
  };
}

import { OnairError } from './errors.js';

/** The kinds of tracks to be recorded. */
export interface TrackKinds {
  readonly video: boolean;
  readonly audio: boolean;
}

/** Best first: H.264 needs no transcoding on the server; MP4 comes last because its recorders only flush at keyframes. */
const videoContainers: readonly { readonly container: string; readonly video: string; readonly audio: string }[] = [
  { container: 'video/webm', video: 'h264', audio: 'opus' },
  { container: 'video/x-matroska', video: 'avc1', audio: 'opus' },
  { container: 'video/webm', video: 'vp9', audio: 'opus' },
  { container: 'video/webm', video: 'vp8', audio: 'opus' },
  { container: 'video/mp4', video: 'avc1.42E01F', audio: 'mp4a.40.2' },
  { container: 'video/mp4', video: 'avc1.42E01F', audio: 'opus' },
];

const audioTypes = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/mp4;codecs=mp4a.40.2'];

/** What to ask a MediaRecorder for, best first; only what the browser says it supports. */
export function recordableMimeTypes(kinds: TrackKinds, isTypeSupported: (mimeType: string) => boolean): string[] {
  if (!kinds.video) return [...audioTypes, 'audio/webm', 'audio/mp4'].filter(isTypeSupported);
  const exact = videoContainers.map(({ container, video, audio }) =>
    `${container};codecs=${kinds.audio ? `${video},${audio}` : video}`,
  );
  return [...exact, 'video/webm', 'video/mp4'].filter(isTypeSupported);
}

/** Throws in words when this page cannot publish at all: nothing to try, only something to change. */
export function assertCanCapture(): void {
  // The insecure origin is told first: it is also why `mediaDevices` is missing.
  if (!window.isSecureContext) {
    throw new OnairError(
      'insecure-origin',
      `Browsers give the camera, microphone and screen only to pages on HTTPS or localhost, and this page came from ${location.origin}. ` +
        'Open it over https://, or on the server itself as http://localhost.',
    );
  }
  // Some embedded browsers lack it although the types say otherwise.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) {
    throw new OnairError('unsupported-browser', 'This browser offers no camera or microphone to web pages. Use a current Chrome, Edge, Firefox or Safari.');
  }
  assertCanRecord();
}

/** @throws {OnairError} unsupported-browser */
export function assertCanRecord(): void {
  if (typeof MediaRecorder === 'undefined') {
    throw new OnairError('unsupported-browser', 'This browser cannot record media (it has no MediaRecorder). Use a current Chrome, Edge, Firefox or Safari.');
  }
}

/** Phones and some browsers cannot share their screen. */
export function canShareScreen(): boolean {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  return devices !== undefined && 'getDisplayMedia' in devices;
}

import type { Quality } from '../quality.js';
import { Recorder, type OpenRecording } from '../recorder.js';

export type EncoderName = 'webcodecs' | 'mediarecorder';

/** What encodes a broadcast, and why. */
export interface EncoderFacts {
  readonly encoder: EncoderName;
  /** In words. */
  readonly why: string;
  /** Qualities of the picture that it makes, the source included. */
  readonly renditions: number;
}

/** What encodes, with what it holds open. */
export interface Encoder {
  readonly facts: EncoderFacts;
  readonly open: OpenRecording;
  readonly close: () => void;
}

export interface EncoderChoice {
  readonly wish: EncoderName | 'auto';
  readonly quality: Quality;
  readonly maxRenditions: number;
}

/** The browser's own recorder: what is there everywhere. */
export function mediaRecorder(why: string): Encoder {
  return { facts: { encoder: 'mediarecorder', why, renditions: 1 }, open: (options) => new Recorder(options), close: () => undefined };
}

/**
 * WebCodecs where the browser has it and the machine is quick enough, else MediaRecorder. What encodes by WebCodecs is loaded only
 * where it may be used.
 */
export async function chooseEncoder({ wish, quality, maxRenditions }: EncoderChoice): Promise<Encoder> {
  if (wish === 'mediarecorder') return mediaRecorder('it was asked for');
  const missing = missingForWebCodecs();
  if (missing !== undefined) return mediaRecorder(`this browser has no ${missing}`);
  try {
    const { openWebCodecs } = await import('./webcodecs/open-webcodecs.js');
    const made = await openWebCodecs(quality, maxRenditions);
    return {
      open: made.open,
      close: made.close,
      get facts() {
        return { encoder: 'webcodecs', why: made.why, renditions: made.renditions() } as const;
      },
    };
  } catch (error) {
    return mediaRecorder(error instanceof Error ? error.message : String(error));
  }
}

/** The first of what it takes that this page does not have. */
function missingForWebCodecs(): string | undefined {
  return ['VideoEncoder', 'AudioEncoder', 'MediaStreamTrackProcessor'].find((name) => !(name in globalThis));
}

import type { Quality } from '../quality.js';
import { Recorder, type OpenRecording } from '../recorder.js';
import type { WebCodecs } from './webcodecs/open-webcodecs.js';

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

/** Going live waits no longer to learn what encodes. */
const maxChoiceMs = 1_000;

/**
 * WebCodecs where the browser has it and the machine is quick enough, else MediaRecorder; within a second, unless WebCodecs alone
 * was wished for. What encodes by WebCodecs is loaded only where it may be used.
 */
export async function chooseEncoder({ wish, quality, maxRenditions }: EncoderChoice, open: OpenWebCodecs = loadWebCodecs): Promise<Encoder> {
  if (wish === 'mediarecorder') return mediaRecorder('it was asked for');
  const missing = missingForWebCodecs();
  if (missing !== undefined) return mediaRecorder(`this browser has no ${missing}`);
  const opening = open(quality, maxRenditions).then(webCodecs, (error: unknown) => mediaRecorder(error instanceof Error ? error.message : String(error)));
  if (wish === 'webcodecs') return opening;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, maxChoiceMs, 'late')));
  const chosen = await Promise.race([opening, late]);
  clearTimeout(timer);
  if (chosen !== 'late') return chosen;
  void opening.then(({ close }) => close());
  return mediaRecorder('it was not known within a second whether this machine encodes in time');
}

type OpenWebCodecs = (quality: Quality, maxRenditions: number) => Promise<WebCodecs>;

const loadWebCodecs: OpenWebCodecs = async (quality, maxRenditions) => (await import('./webcodecs/open-webcodecs.js')).openWebCodecs(quality, maxRenditions);

function webCodecs(made: WebCodecs): Encoder {
  return {
    open: made.open,
    close: made.close,
    get facts() {
      return { encoder: 'webcodecs', why: made.why, renditions: made.renditions() } as const;
    },
  };
}

/** The first of what it takes that this page does not have. */
function missingForWebCodecs(): string | undefined {
  return ['VideoEncoder', 'AudioEncoder', 'MediaStreamTrackProcessor'].find((name) => !(name in globalThis));
}

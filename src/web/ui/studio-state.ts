import type { LiveStreamUrls } from '../../protocol/urls.js';
import type { OnairError } from '../sdk/errors.js';
import type { PublisherState, PublisherStats, ResumableBroadcast } from '../sdk/publisher-events.js';
import type { CaptureWish } from '../sdk/publishing/capture-wish.js';
import type { CompositionSettings, SoundName } from '../sdk/publishing/composition/settings.js';
import type { EncoderFacts } from '../sdk/publishing/encoder.js';
import type { TrackKind } from '../sdk/publishing/filler.js';
import type { PublisherWarning, PublisherWarningCode } from '../sdk/publishing/warnings.js';
import type { CompositionWish } from './studio-media.js';

/** How what is sent is put together. */
export interface StudioLook extends Pick<CompositionSettings, 'corner' | 'size' | 'mirrored' | 'nameTag' | 'levels'> {
  /** Microphone and screen's sound are off during a pause. */
  readonly mutesInPause: boolean;
}

export const defaultLook: StudioLook = { corner: 'bottom-right', size: 0.25, mirrored: false, nameTag: undefined, levels: { microphone: 1, screen: 1 }, mutesInPause: true };

/** All that a studio shows. */
export interface StudioState {
  readonly air: PublisherState;
  /** *Go live* was pressed, and it is not decided yet. */
  readonly going: boolean;
  /** `asked`: people watch, so it is asked first. */
  readonly ending: 'no' | 'asked' | 'under-way';
  readonly wish: CaptureWish;
  readonly opening: boolean;
  readonly look: StudioLook;
  /** `starting`: viewers do not see the card yet. */
  readonly pause: 'no' | 'starting' | 'on';
  /** Whether the picture is put together, and not a camera's or a screen's own. */
  readonly drawn: boolean;
  /** The sounds that are open. */
  readonly sounds: readonly SoundName[];
  /** Anything that is open: what is shown is what would go on air. */
  readonly media: MediaStream;
  readonly muted: Readonly<Record<TrackKind, boolean>>;
  readonly viewers: number;
  /** What encodes what is on air, and why; undefined before it was chosen. */
  readonly encoder: EncoderFacts | undefined;
}

export interface StudioEvents {
  changed: StudioState;
  warning: PublisherWarning;
  recovered: { readonly code: PublisherWarningCode };
  /** What was wanted failed: a device, or the broadcast. */
  failed: { readonly of: 'source' | 'broadcast'; readonly error: OnairError };
  stats: PublisherStats;
  urls: LiveStreamUrls;
  /** What was chosen is open. */
  opened: undefined;
  /** undefined: the broadcast is over. */
  resumable: ResumableBroadcast | undefined;
}

/** What of the look has to be composed, and whether anything has. */
export function compositionOf(look: StudioLook, { picture, quality }: CaptureWish, pause: { readonly title: string | undefined } | undefined): Omit<CompositionWish, 'isSettled'> {
  const { mutesInPause, ...settings } = look;
  const isBoth = picture === 'both';
  const hasLevels = look.levels.microphone !== 1 || look.levels.screen !== 1;
  return {
    isWanted: isBoth || pause !== undefined || hasLevels || look.nameTag !== undefined,
    // A camera alone is mirrored for who looks into it, and for nobody else.
    settings: { ...settings, mirrored: look.mirrored && isBoth, quality },
    card: pause === undefined ? undefined : { title: pause.title, ...(!mutesInPause && { mutes: [] }) },
  };
}

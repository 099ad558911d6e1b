import { defaultQuality, type Quality } from '../../quality.js';
import type { Corner } from './layout.js';

export type SoundName = 'microphone' | 'screen';

/** What viewers see in place of the pictures during a pause. */
export interface PauseCard {
  /** *Back in a moment*, unless told otherwise. */
  readonly message?: string | undefined;
  /** Of the broadcast, above the message. */
  readonly title?: string | undefined;
  /** Sounds that are off meanwhile, which the card says; both, unless told otherwise. */
  readonly mutes?: readonly SoundName[] | undefined;
}

export interface NameTag {
  readonly name: string;
  /** A second line, as a role or a place. */
  readonly detail?: string | undefined;
}

/** How a composition looks and sounds. */
export interface CompositionSettings {
  /** Where the camera stands on the screen. */
  readonly corner: Corner;
  /** Of the camera in its corner: its share of the picture's width, 0.1 to 0.5. */
  readonly size: number;
  /** The camera as in a mirror. */
  readonly mirrored: boolean;
  readonly nameTag: NameTag | undefined;
  /** 0 is silence, 1 as it is, 2 twice as loud; what would be too loud is limited. */
  readonly levels: Readonly<Record<SoundName, number>>;
  /** The picture is not composed larger, nor drawn more often. */
  readonly quality: Pick<Quality, 'width' | 'height' | 'frameRate'>;
}

export const defaultSettings: CompositionSettings = {
  corner: 'bottom-right',
  size: 0.25,
  mirrored: false,
  nameTag: undefined,
  levels: { microphone: 1, screen: 1 },
  quality: defaultQuality,
};

const corners: readonly string[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right'] satisfies Corner[];

/** @throws {RangeError} saying what was expected */
export function checkSettings({ corner, size, levels }: CompositionSettings): void {
  if (!corners.includes(corner)) throw new RangeError(`expected a corner of ${corners.join(', ')}, got "${corner}"`);
  if (!(size >= 0.1 && size <= 0.5)) throw new RangeError(`expected a size of 0.1 to 0.5 of the picture's width, got ${String(size)}`);
  for (const name of ['microphone', 'screen'] as const) {
    if (!(levels[name] >= 0 && levels[name] <= 2)) throw new RangeError(`expected a level of 0 to 2 for the ${name}, got ${String(levels[name])}`);
  }
}

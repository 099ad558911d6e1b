import { OnairError } from './errors.js';
import type * as drawing from './publishing/composition/composition.js';
import type { CaptureToCompose, Composition, CompositionTracks } from './publishing/composition/composition.js';
import type { CompositionSettings } from './publishing/composition/settings.js';

export interface CompositionOptions extends Partial<CompositionSettings> {
  /** What to compose: a capture, whose devices are followed as they change, or tracks of your own. */
  readonly of: CaptureToCompose | CompositionTracks;
}

/**
 * Screen and camera as one picture, their sounds as one sound, for a Publisher's `media`. What draws is loaded now, so that pages
 * without a composition are none the larger. What it composes stays open when it is closed.
 * @returns a composition whose first picture is there
 * @throws {OnairError} when it cannot be loaded or this browser cannot draw
 * @throws {RangeError} for a setting that there is not
 */
export async function openComposition({ of, ...settings }: CompositionOptions): Promise<Composition> {
  const { Composition } = await loadComposition();
  const composition = new Composition();
  try {
    await composition.set(settings);
    await composition.use(of);
    return composition;
  } catch (error) {
    composition.close();
    if (error instanceof RangeError) throw error;
    throw new OnairError('capture-failed', 'This browser could not compose the pictures.', { cause: error });
  }
}

/** Loads what draws; pages that are likely to need it may ask for it before. @throws {OnairError} unreachable */
export async function loadComposition(): Promise<Pick<typeof drawing, 'Composition'>> {
  try {
    return await import('./publishing/composition/composition.js');
  } catch (error) {
    throw new OnairError('unreachable', 'What draws the composition did not load. Check your connection, then try again.', { cause: error });
  }
}

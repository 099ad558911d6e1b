import type { SourceHeader } from '../source/source-events.js';
import type { Take } from './take.js';

/**
 * Whether the pictures of takes can be copied, one take after another. The first is known when its second keyframe came; one that is
 * as a fit one before it is taken for fit at once, so that viewers do not wait for a group of pictures at every joint. Where
 * that was wrong, it is refused in mid-take, as any that changes.
 */
export class CopyJudge {
  #last: Take | undefined;

  /**
   * @param longestSegmentSeconds how long a segment may last, where that is settled
   * @returns why it can't be copied, undefined when it can
   */
  refusalOf(take: Take, longestSegmentSeconds?: number): Promise<string | undefined> {
    const isExpected = this.#last?.isFitByNow === true && isAlike(this.#last.header, take.header);
    this.#last = take;
    return take.copyRefusal(longestSegmentSeconds, isExpected);
  }
}

/** From one kind of encoder, as far as its recordings tell. */
function isAlike(one: SourceHeader, other: SourceHeader): boolean {
  const codecOf = ({ tracks }: SourceHeader): string | undefined => tracks.find(({ kind }) => kind === 'video')?.codec;
  return one.container === other.container && codecOf(one) === codecOf(other);
}

import type { Answer } from '../hls/answer.js';
import type { Presentation } from '../hls/presentation.js';
import type { Audience } from './audience.js';
import type { Ladder } from './ladder.js';
import { sourceId } from './rendition-choice.js';
import type { HlsSource } from './watchable.js';

/**
 * What HLS clients of a broadcast of this process are answered, and that they are counted.
 * @param ladder makes renditions that are asked for
 */
export function hlsSource(presentation: Presentation, audience: Audience, ladder: () => Ladder | undefined): HlsSource {
  return {
    get targetDurationSeconds() {
      return presentation.timing?.targetDurationSeconds ?? 1;
    },
    multivariant: async () => presentation.multivariant(),
    rewindMultivariant: async () => presentation.rewindMultivariant(),
    mediaPlaylist: async ({ rendition: id, kind, client, directives, watchClient }) => {
      audience.saw(client);
      const unready = id === undefined ? undefined : await ladder()?.prepare(id, watchClient);
      if (unready) return unready;
      const rendition = presentation.rendition(id);
      if (!rendition) return presentation.playable ? noSuchRendition(id) : presentation.notYet;
      // Keyframes are looked at beside what is watched.
      if (kind !== 'iframes') audience.asked(client, id ?? sourceId);
      return kind === 'live' ? rendition.mediaPlaylist(directives, watchClient) : rendition.rewindPlaylist(kind, directives, watchClient);
    },
    media: async ({ rendition: id, name, watchClient }) => {
      const rendition = presentation.rendition(id);
      if (!rendition) return noSuchRendition(id);
      const answer = await rendition.media(name, watchClient);
      const init = answer.body && rendition.initAfterDiscontinuity(name);
      return init ? { ...answer, init } : answer;
    },
  };
}

/** It may yet come to be. */
function noSuchRendition(id: string | undefined): Answer {
  return { outcome: 'to-come', message: `expected a rendition of this broadcast, got ${JSON.stringify(id?.slice(0, 40))}` };
}

import type { Presentation } from '../hls/presentation.js';
import type { Audience } from './audience.js';
import type { HlsSource } from './watchable.js';

/** What HLS clients of a broadcast of this process are answered, and that they are counted. */
export function hlsSource(presentation: Presentation, audience: Audience): HlsSource {
  const { lead } = presentation;
  return {
    get targetDurationSeconds() {
      return presentation.timing?.targetDurationSeconds ?? 1;
    },
    multivariant: async () => presentation.multivariant(),
    rewindMultivariant: async () => presentation.rewindMultivariant(),
    mediaPlaylist: ({ kind, client, directives, watchClient }) => {
      audience.saw(client);
      return kind === 'live' ? lead.mediaPlaylist(directives, watchClient) : lead.rewindPlaylist(kind, directives, watchClient);
    },
    media: async (name, watchClient) => {
      const answer = await lead.media(name, watchClient);
      const init = answer.body && lead.initAfterDiscontinuity(name);
      return init ? { ...answer, init } : answer;
    },
  };
}

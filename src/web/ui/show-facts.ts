import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import { byId } from './element.js';
import { sinceInWords, viewersInWords } from './live-words.js';

export interface ShowFacts {
  /** The title, or the stream's name where nobody gave it one. */
  readonly title: string;
  show(info: LiveStreamInfo | undefined): void;
}

/** What is on: title, description, who watches and since when; in the page and in its tab. */
export function showFacts(stream: string): ShowFacts {
  const heading = byId('title', HTMLElement);
  const name = byId('stream-name', HTMLElement);
  const description = byId('description', HTMLElement);
  const viewers = byId('viewers', HTMLElement);
  const since = byId('since', HTMLElement);
  let title = stream;
  const describe = (newTitle: string | undefined, newDescription: string | undefined): void => {
    title = newTitle ?? stream;
    heading.textContent = title;
    name.textContent = stream;
    name.hidden = title === stream;
    description.textContent = newDescription ?? '';
    document.title = `${title} · Onair`;
  };
  // What the server wrote into the page for those who share it: so the title is there before the first answer.
  describe(contentOf('og:title'), contentOf('og:description'));
  return {
    get title() {
      return title;
    },
    show(info) {
      const live = info?.state === 'live';
      viewers.hidden = since.hidden = !live;
      if (!info) return;
      describe(info.title, info.description);
      viewers.textContent = viewersInWords(info.viewers);
      since.textContent = sinceInWords(info.startedAt, new Date());
    },
  };
}

function contentOf(property: string): string | undefined {
  return document.querySelector<HTMLMetaElement>(`meta[property="${property}"]`)?.content;
}

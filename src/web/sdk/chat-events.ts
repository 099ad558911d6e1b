import type { ChatEntry, ChatRefusal, MutedPerson } from '../../protocol/chat-messages.js';
import type { Notice } from './words.js';

/**
 * `waiting`: there is no broadcast, so there is no chat; it opens by itself. `connecting`: also again, after a loss. `off`: this
 * server has no chat. `refused`: the server will not have this page, and `message` says why. `closed`: by the page.
 */
export type ChatState = 'connecting' | 'waiting' | 'open' | 'off' | 'refused' | 'closed';

export interface ChatIdentity {
  readonly person: string;
  /** As the server cleaned it. */
  readonly name: string;
  readonly publisher: boolean;
  /** Gives the same person back to a page that was loaded anew. */
  readonly token: string;
}

export interface ChatEvents {
  state: { readonly state: ChatState; readonly message: string | undefined; readonly notice: Notice | undefined };
  /** Everything there is, oldest first: in place of what was there before. After every connection. */
  history: readonly ChatEntry[];
  message: ChatEntry;
  /** The id of a message that is to be taken away. */
  deleted: number;
  joined: ChatIdentity;
  /** What was asked last is not done; why, in words for a person. */
  refused: { readonly reason: ChatRefusal; readonly message: string; readonly waitSeconds: number | undefined };
  muted: { readonly muted: boolean; readonly message: string };
  /** To the publisher: everybody who is muted. */
  mutes: readonly MutedPerson[];
}

export interface ChatOptions {
  /** `https://host/live/NAME`, or the server's address together with `stream`; or several of one cluster, in the order in which they are tried. */
  readonly url: string | readonly string[];
  readonly stream?: string;
  /** Joins under it; without one the chat is only read, until `join`. */
  readonly name?: string;
  /** The publish key: with it messages are marked as the publisher's, and may be deleted, and people muted. */
  readonly key?: string;
  /** Of an earlier `joined`. */
  readonly token?: string;
}

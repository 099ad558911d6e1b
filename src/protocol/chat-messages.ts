/** What somebody said, as it stands in the room. */
export interface ChatEntry {
  /** Counts up within one broadcast. */
  readonly id: number;
  /** The server's word for who said it; the same for as long as that person holds the token of `joined`. */
  readonly person: string;
  readonly name: string;
  /** Said by whoever has the publish key: only the server can say so. */
  readonly publisher: boolean;
  /** One line of plain text, clean. Never HTML. */
  readonly text: string;
  /** Milliseconds since the epoch, by the server's clock. */
  readonly sentAtMs: number;
}

/** Somebody whose messages are refused. */
export interface MutedPerson {
  readonly person: string;
  readonly name: string;
}

/** Page → server on `/live/:stream/chat`, text JSON. Who only reads has nothing to say. */
export type ChatRequest =
  /** Takes a name, or another one. `key` proves the publisher; `token` that one was here before. */
  | { readonly type: 'join'; readonly name: string; readonly key?: string; readonly token?: string }
  | { readonly type: 'message'; readonly text: string }
  /** The publisher's alone. */
  | { readonly type: 'delete'; readonly id: number }
  | { readonly type: 'mute'; readonly person: string }
  | { readonly type: 'unmute'; readonly person: string }
  /** Asks for a sign of life. */
  | { readonly type: 'ping' };

/** Server → page, text JSON. `history` comes first. */
export type ChatMessage =
  | { readonly type: 'history'; readonly broadcast: string; readonly messages: readonly ChatEntry[] }
  | { readonly type: 'joined'; readonly person: string; readonly name: string; readonly publisher: boolean; readonly token: string }
  | ({ readonly type: 'message' } & ChatEntry)
  | { readonly type: 'deleted'; readonly id: number }
  /** What was asked last is not done; why, in words. */
  | { readonly type: 'refused'; readonly reason: ChatRefusal; readonly message: string; readonly waitSeconds?: number }
  /** To the person concerned, when it begins and when it ends. */
  | { readonly type: 'muted'; readonly muted: boolean; readonly message: string }
  /** To the publisher: everybody who is muted at present. */
  | { readonly type: 'mutes'; readonly people: readonly MutedPerson[] }
  | { readonly type: 'pong' }
  /** The broadcast is over, and its chat with it. */
  | { readonly type: 'ended' };

export type ChatRefusal = 'too-fast' | 'muted' | 'name' | 'text' | 'not-joined' | 'not-publisher' | 'gone';

const refusals: readonly ChatRefusal[] = ['too-fast', 'muted', 'name', 'text', 'not-joined', 'not-publisher', 'gone'];

/**
 * Reads one text message of a page. Names and texts are not judged here: what is wrong with them is told, and nothing ends.
 * @throws {TypeError} saying what was expected, and nothing of what came: people's words belong into no reason and no log
 */
export function parseChatRequest(text: string): ChatRequest {
  const value = readObject(text);
  switch (value.type) {
    case 'join': {
      const { key, token } = value;
      return { type: 'join', name: readText(value, 'name'), ...(key !== undefined && { key: readText(value, 'key') }), ...(token !== undefined && { token: readText(value, 'token') }) };
    }
    case 'message':
      return { type: 'message', text: readText(value, 'text') };
    case 'delete':
      return { type: 'delete', id: readNumber(value, 'id') };
    case 'mute':
    case 'unmute':
      return { type: value.type, person: readText(value, 'person') };
    case 'ping':
      return { type: 'ping' };
    default:
      throw new TypeError('expected "type" to be "join", "message", "delete", "mute", "unmute" or "ping", got another');
  }
}

/**
 * Reads one message of the server; undefined for a type that this version does not know.
 * @throws {TypeError} when a known one is not what it should be
 */
export function parseChatMessage(text: string): ChatMessage | undefined {
  const value = readObject(text);
  switch (value.type) {
    case 'history':
      return { type: 'history', broadcast: readText(value, 'broadcast'), messages: readList(value, 'messages').map(readEntry) };
    case 'joined':
      return { type: 'joined', person: readText(value, 'person'), name: readText(value, 'name'), publisher: value.publisher === true, token: readText(value, 'token') };
    case 'message':
      return { type: 'message', ...readEntry(value) };
    case 'deleted':
      return { type: 'deleted', id: readNumber(value, 'id') };
    case 'refused': {
      const reason = refusals.find((known) => known === value.reason) ?? 'gone';
      const message = readText(value, 'message');
      return { type: 'refused', reason, message, ...(value.waitSeconds !== undefined && { waitSeconds: readNumber(value, 'waitSeconds') }) };
    }
    case 'muted':
      return { type: 'muted', muted: value.muted === true, message: readText(value, 'message') };
    case 'mutes':
      return { type: 'mutes', people: readList(value, 'people').map((each) => ({ person: readText(each, 'person'), name: readText(each, 'name') })) };
    case 'pong':
    case 'ended':
      return { type: value.type };
    default:
      return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function readEntry(value: Fields): ChatEntry {
  return {
    id: readNumber(value, 'id'),
    person: readText(value, 'person'),
    name: readText(value, 'name'),
    publisher: value.publisher === true,
    text: readText(value, 'text'),
    sentAtMs: readNumber(value, 'sentAtMs'),
  };
}

function readObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isObject(value)) throw new TypeError('expected a JSON object with a "type", got something else');
  return value;
}

function readText(value: Fields, name: string): string {
  const found = value[name];
  if (typeof found === 'string') return found;
  throw new TypeError(`expected "${name}" to be a text, got ${typeof found}`);
}

function readNumber(value: Fields, name: string): number {
  const found = value[name];
  if (typeof found === 'number' && Number.isFinite(found)) return found;
  throw new TypeError(`expected "${name}" to be a number, got ${typeof found}`);
}

function readList(value: Fields, name: string): Fields[] {
  const found = value[name];
  if (Array.isArray(found) && found.every(isObject)) return found;
  throw new TypeError(`expected "${name}" to be a list of objects, got ${typeof found}`);
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

import type { ChatEntry, ChatMessage, ChatRefusal } from '../protocol/chat-messages.js';
import { likenessOf, readChatName, readChatText } from '../protocol/chat-text.js';
import { ChatPeople, type ChatIdentity } from './chat-people.js';
import { LiveError } from '../protocol/live-error.js';
import { TokenBucket } from './token-bucket.js';

export interface ChatSettings {
  /** Readers and writers together, of one room. */
  readonly maxPeople: number;
  /** What one person may say. */
  readonly messagesPerMinute: number;
}

export interface ChatRoomOptions extends ChatSettings {
  readonly stream: string;
  readonly broadcast: string;
  /** Told of what is said, and of what is taken away again, whether it is still in the history or not. */
  readonly onMessage?: ((entry: ChatEntry) => void) | undefined;
  readonly onDelete?: ((id: number) => void) | undefined;
  /** Milliseconds that only move forward. */
  readonly now?: () => number;
}

/** Where one person's messages go. */
export interface ChatSink {
  /** JSON, the same text for everybody. */
  send(text: string): void;
  /** Bytes that were handed over but have not left the server. */
  readonly backlogBytes: number;
  /** The broadcast is over. */
  end(): void;
  /** The broadcast goes on at another server. */
  moveAway(): void;
  /** It reads too slowly; it may come back and read the history. */
  drop(): void;
}

/** One connection in a room; without a name it only reads. */
export interface ChatVisitor {
  readonly sink: ChatSink;
  readonly address: string;
  readonly pace: TokenBucket;
  identity?: ChatIdentity;
  name?: string;
  publisher: boolean;
}

interface Kept {
  readonly entry: ChatEntry;
  readonly address: string;
}

const keptMessages = 100;
const maxPublishersNames = 20;
const maxBacklogBytes = 262_144;
const burst = 5;
/** What a room says in all: more nobody can read, and every message goes to everybody. */
const roomPace = { burst: 40, perMinute: 600 };

/** What is said beside one broadcast: opens and ends with it, and keeps nothing longer. */
export class ChatRoom {
  readonly #options: ChatRoomOptions;
  readonly #now: () => number;
  readonly #visitors = new Set<ChatVisitor>();
  readonly #people = new ChatPeople();
  readonly #pace: TokenBucket;
  readonly #likenessOfStream: string;
  /** The publisher's latest ones: nobody else may look like them, nor like the stream's own name. */
  readonly #publishersNames = new Set<string>();
  #kept: Kept[] = [];
  #lastId = 0;
  #over = false;
  #hasMoved = false;

  constructor(options: ChatRoomOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#pace = new TokenBucket({ ...roomPace, now: this.#now });
    this.#likenessOfStream = likenessOf(options.stream);
  }

  get count(): number {
    return this.#visitors.size;
  }

  /** @throws {LiveError} not-found when the broadcast is over, unavailable when the room is full */
  requireRoom(): void {
    if (this.#over) throw new LiveError('not-found', `"${this.#options.stream}" is not live any more`);
    if (this.#visitors.size >= this.#options.maxPeople) throw new LiveError('unavailable', `the chat of "${this.#options.stream}" has as many people as it can take`);
  }

  /** Lets one more listen; `publisher` has been proven. */
  enter({ sink, address, publisher }: Pick<ChatVisitor, 'sink' | 'address' | 'publisher'>): ChatVisitor {
    const visitor: ChatVisitor = { sink, address, publisher, pace: new TokenBucket({ burst, perMinute: this.#options.messagesPerMinute, now: this.#now }) };
    if (this.#over) end(visitor);
    else if (this.#hasMoved) sink.moveAway();
    else this.#welcome(visitor);
    return visitor;
  }

  #welcome(visitor: ChatVisitor): void {
    this.#visitors.add(visitor);
    this.#tell(visitor, { type: 'history', broadcast: this.#options.broadcast, messages: this.#kept.map(({ entry }) => entry) });
  }

  leave(visitor: ChatVisitor): void {
    this.#visitors.delete(visitor);
  }

  join(visitor: ChatVisitor, came: string, token: string | undefined): void {
    if (!this.#mayAct(visitor)) return;
    const name = this.#read(visitor, 'name', () => readChatName(came));
    if (name === undefined) return;
    if (visitor.publisher) this.#keepPublishersName(likenessOf(name));
    else if (this.#isPublishers(name)) return void this.#refuse(visitor, 'name', 'That name is the broadcaster’s. Choose another one.');
    visitor.name = name;
    visitor.identity ??= this.#people.identify(token);
    const { identity, publisher } = visitor;
    this.#tell(visitor, { type: 'joined', person: identity.person, name, publisher, token: this.#people.token(identity) });
    if (publisher) this.#send(visitor, this.#mutesText);
    else if (this.#isMuted(visitor)) this.#tellMuted(visitor, true);
  }

  /** @returns whether it was said */
  say(visitor: ChatVisitor, came: string): boolean {
    const { identity, name, publisher } = visitor;
    if (identity === undefined || name === undefined) return this.#refuse(visitor, 'not-joined', 'Choose a name first.');
    if (this.#isMuted(visitor)) return this.#refuse(visitor, 'muted', mutedWords);
    // The publisher may have come, or taken another name, since this one was chosen.
    if (!publisher && this.#isPublishers(name)) return this.#refuse(visitor, 'name', 'Your name is the broadcaster’s. Choose another one.');
    if (!this.#mayAct(visitor)) return false;
    const text = this.#read(visitor, 'text', () => readChatText(came));
    if (text === undefined) return false;
    if (!publisher && this.#pace.waitSeconds > 0) return this.#refuse(visitor, 'too-fast', 'Very much is said here at the moment. Try again in a few seconds.', this.#pace.waitSeconds);
    this.#pace.spend();
    const entry = { id: (this.#lastId += 1), person: identity.person, name, publisher, text, sentAtMs: Date.now() };
    this.#kept = [...this.#kept.slice(1 - keptMessages), { entry, address: visitor.address }];
    this.#tellAll({ type: 'message', ...entry });
    this.#options.onMessage?.(entry);
    return true;
  }

  pong(visitor: ChatVisitor): void {
    this.#tell(visitor, { type: 'pong' });
  }

  /** For limits that are not the room's own. */
  refuseForNow(visitor: ChatVisitor, waitSeconds: number): false {
    return this.#refuse(visitor, 'too-fast', `Not so fast: wait ${waitSeconds === 1 ? 'a second' : `${waitSeconds} seconds`}.`, waitSeconds);
  }

  delete(visitor: ChatVisitor, id: number): void {
    if (!this.#mayModerate(visitor)) return;
    const found = this.#kept.some(({ entry }) => entry.id === id);
    this.#kept = this.#kept.filter(({ entry }) => entry.id !== id);
    // What has left the history may still be seen somewhere.
    if (!found && !(Number.isInteger(id) && id > 0 && id <= this.#lastId)) return void this.#refuse(visitor, 'gone', 'That message is not there.');
    this.#tellAll({ type: 'deleted', id });
    this.#options.onDelete?.(id);
  }

  mute(visitor: ChatVisitor, person: string): void {
    if (!this.#mayModerate(visitor)) return;
    const found = this.#find(person);
    if (found === undefined) return void this.#refuse(visitor, 'gone', 'That person has left.');
    if (found.publisher) return void this.#refuse(visitor, 'gone', 'The broadcaster can’t be muted.');
    this.#changeMutes(() => this.#people.mute({ person, name: found.name }, found.address));
  }

  unmute(visitor: ChatVisitor, person: string): void {
    if (this.#mayModerate(visitor)) this.#changeMutes(() => this.#people.unmute(person));
  }

  end(): void {
    if (this.#over) return;
    this.#over = true;
    for (const visitor of this.#visitors) end(visitor);
    this.#visitors.clear();
    this.#kept = [];
  }

  /** The broadcast goes on at another server, and so does what is said beside it. */
  moveAway(): void {
    this.#hasMoved = true;
    for (const { sink } of this.#visitors) sink.moveAway();
    this.#visitors.clear();
  }

  /** Told to those whom it concerns, and to whoever moderates. */
  #changeMutes(change: () => void): void {
    const before = new Set([...this.#visitors].filter((each) => this.#isMuted(each)));
    change();
    const mutes = this.#mutesText;
    for (const each of this.#visitors) {
      if (each.publisher) this.#send(each, mutes);
      else if (this.#isMuted(each) !== before.has(each)) this.#tellMuted(each, !before.has(each));
    }
  }

  #find(person: string): { name: string; address: string; publisher: boolean } | undefined {
    for (const { identity, name, address, publisher } of this.#visitors) if (identity?.person === person && name !== undefined) return { name, address, publisher };
    const kept = this.#kept.findLast(({ entry }) => entry.person === person);
    return kept && { ...kept.entry, address: kept.address };
  }

  #isMuted({ identity, address, publisher }: ChatVisitor): boolean {
    return identity !== undefined && !publisher && this.#people.isMuted(identity, address);
  }

  #keepPublishersName(likeness: string): void {
    this.#publishersNames.delete(likeness);
    this.#publishersNames.add(likeness);
    const [oldest] = this.#publishersNames;
    if (this.#publishersNames.size > maxPublishersNames && oldest !== undefined) this.#publishersNames.delete(oldest);
  }

  #isPublishers(name: string): boolean {
    const likeness = likenessOf(name);
    return likeness === this.#likenessOfStream || this.#publishersNames.has(likeness);
  }

  /** Each act costs, also one that is refused in the end. */
  #mayAct(visitor: ChatVisitor): boolean {
    const { waitSeconds } = visitor.pace;
    if (waitSeconds > 0 && !visitor.publisher) return this.refuseForNow(visitor, waitSeconds);
    visitor.pace.spend();
    return true;
  }

  #mayModerate(visitor: ChatVisitor): boolean {
    return visitor.publisher || this.#refuse(visitor, 'not-publisher', 'Only the broadcaster can do that.');
  }

  #read(visitor: ChatVisitor, reason: ChatRefusal, read: () => string): string | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.#refuse(visitor, reason, `${error.message.replace(/^e/, 'E')}.`);
      return undefined;
    }
  }

  #refuse(visitor: ChatVisitor, reason: ChatRefusal, message: string, waitSeconds?: number): false {
    this.#tell(visitor, { type: 'refused', reason, message, ...(waitSeconds !== undefined && { waitSeconds }) });
    return false;
  }

  get #mutesText(): string {
    return JSON.stringify({ type: 'mutes', people: this.#people.muted } satisfies ChatMessage);
  }

  #tellMuted(visitor: ChatVisitor, muted: boolean): void {
    this.#tell(visitor, { type: 'muted', muted, message: muted ? mutedWords : 'You can write again.' });
  }

  #tellAll(message: ChatMessage): void {
    const text = JSON.stringify(message);
    for (const visitor of this.#visitors) this.#send(visitor, text);
  }

  #tell(visitor: ChatVisitor, message: ChatMessage): void {
    this.#send(visitor, JSON.stringify(message));
  }

  #send(visitor: ChatVisitor, text: string): void {
    if (visitor.sink.backlogBytes <= maxBacklogBytes) return visitor.sink.send(text);
    this.#visitors.delete(visitor);
    visitor.sink.drop();
  }
}

const mutedWords = 'The broadcaster has muted you: you can read, but not write.';

function end({ sink }: ChatVisitor): void {
  sink.send(JSON.stringify({ type: 'ended' } satisfies ChatMessage));
  sink.end();
}

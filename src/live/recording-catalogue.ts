import { LiveError } from '../protocol/live-error.js';

/** What can be looked for. */
export interface Listed {
  readonly id: string;
  readonly stream: string;
  readonly startedAtMs: number;
  /** As `searchable()` makes them. */
  readonly words: string;
}

export interface ListingRequest {
  readonly stream?: string | undefined;
  /** All of these words are in it, somewhere. */
  readonly q?: string | undefined;
  /** Older than that: what `next` of another page said. */
  readonly before?: string | undefined;
  readonly limit?: number | undefined;
}

export interface Listing<Entry> {
  /** Newest first. */
  readonly found: readonly Entry[];
  /** Where the next page begins; undefined when this is the last. */
  readonly next: string | undefined;
}

const defaultLimit = 100;

/** All recordings in the order in which they began. One is put in its place when it comes, so that nobody who asks waits for ten thousand to be sorted. */
export class RecordingCatalogue<Entry extends Listed> {
  readonly #byId = new Map<string, Entry>();
  /** Oldest first. */
  readonly #inOrder: Entry[] = [];

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  /** Must not be changed. */
  get oldestFirst(): readonly Entry[] {
    return this.#inOrder;
  }

  add(entry: Entry): void {
    this.#byId.set(entry.id, entry);
    this.#inOrder.splice(this.#placeOf(entry), 0, entry);
  }

  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#byId.delete(id);
    this.#inOrder.splice(this.#placeOf(entry), 1);
  }

  /**
   * A page of what is asked for.
   * @param isWanted what may be listed at all
   * @throws {LiveError} malformed
   */
  list({ stream, q, before, limit = defaultLimit }: ListingRequest, isWanted: (entry: Entry) => boolean = () => true): Listing<Entry> {
    const words = searchable(q ?? '').split(' ').filter((word) => word !== '');
    const found: Entry[] = [];
    for (let index = before === undefined ? this.#inOrder.length : this.#placeOf(readCursor(before)); index > 0; index--) {
      const entry = this.#inOrder[index - 1];
      if (!entry || (stream !== undefined && entry.stream !== stream) || !words.every((word) => entry.words.includes(word)) || !isWanted(entry)) continue;
      const last = found.at(-1);
      if (last && found.length === limit) return { found, next: cursorOf(last) };
      found.push(entry);
    }
    return { found, next: undefined };
  }

  /** How many are before it: where it is, or would be. */
  #placeOf(sought: Pick<Listed, 'startedAtMs' | 'id'>): number {
    let [from, to] = [0, this.#inOrder.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const entry = this.#inOrder[middle];
      if (entry && isOlder(entry, sought)) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}

/** A page, as it would be if the catalogue had these too: it has none of them. */
export function withOthers<Entry extends Listed, Other extends Listed>(page: Listing<Entry>, others: readonly Other[], request: ListingRequest, isWanted: (entry: Other) => boolean): Listing<Entry | Other> {
  if (others.length === 0) return page;
  const catalogue = new RecordingCatalogue<Other>();
  for (const other of others) catalogue.add(other);
  const more = catalogue.list(request, isWanted);
  const all = [...page.found, ...more.found].sort((one, other) => (isOlder(one, other) ? 1 : -1));
  const found = all.slice(0, request.limit ?? defaultLimit);
  const last = found.at(-1);
  const isAll = all.length === found.length && page.next === undefined && more.next === undefined;
  return { found, next: isAll || !last ? undefined : cursorOf(last) };
}

/** Texts as they are compared: in small letters, without accents, in words. */
export function searchable(...texts: readonly (string | undefined)[]): string {
  return texts.join(' ').normalize('NFKD').replace(/\p{Mark}/gu, '').toLowerCase().replace(/\s+/g, ' ');
}

function isOlder(entry: Pick<Listed, 'startedAtMs' | 'id'>, other: Pick<Listed, 'startedAtMs' | 'id'>): boolean {
  return entry.startedAtMs === other.startedAtMs ? entry.id < other.id : entry.startedAtMs < other.startedAtMs;
}

/** It stands for a place in the order, and not for a recording: that may be deleted before the next page is asked for. */
const cursorOf = ({ startedAtMs, id }: Listed): string => `${startedAtMs}.${id}`;

function readCursor(cursor: string): Pick<Listed, 'startedAtMs' | 'id'> {
  const [, startedAtMs, id] = /^(\d{1,15})\.([A-Za-z0-9_-]{1,120})$/.exec(cursor) ?? [];
  if (startedAtMs === undefined || id === undefined) throw new LiveError('malformed', `before: expected what "next" of the page before said, got ${JSON.stringify(cursor.slice(0, 80))}`);
  return { startedAtMs: Number(startedAtMs), id };
}

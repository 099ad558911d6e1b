import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MutedPerson } from '../protocol/chat-messages.js';

/** Who somebody is in one room, however often the connection is lost. */
export interface ChatIdentity {
  readonly person: string;
  /** How many mutes there had been when this person came. */
  readonly since: number;
}

interface Mute extends MutedPerson {
  readonly address: string;
  readonly number: number;
}

/** The oldest is forgotten beyond this. */
const maxMutes = 200;

/** The identities of one room, kept by those who have them; and which of them are muted. */
export class ChatPeople {
  readonly #secret = randomBytes(32);
  readonly #mutes = new Map<string, Mute>();
  /** Number of the first mute of each address: asked for everybody in a room. */
  readonly #firstOfAddress = new Map<string, number>();
  #muteCount = 0;

  /** A token that was made here stands for the person it was made for; anything else makes somebody new. */
  identify(token: string | undefined): ChatIdentity {
    const [person = '', since = '', signature = ''] = token?.split('.') ?? [];
    const known = { person, since: Number(since) };
    if (isSame(signature, this.#sign(known))) return known;
    return { person: randomBytes(6).toString('base64url'), since: this.#muteCount };
  }

  token(identity: ChatIdentity): string {
    return `${identity.person}.${identity.since}.${this.#sign(identity)}`;
  }

  /** Mutes that person, and whoever comes from that address from now on: who is here already and behaves is left alone. */
  mute({ person, name }: MutedPerson, address: string): void {
    this.#mutes.delete(person);
    this.#mutes.set(person, { person, name, address, number: (this.#muteCount += 1) });
    const [oldest] = this.#mutes.keys();
    if (this.#mutes.size > maxMutes && oldest !== undefined) this.#mutes.delete(oldest);
    this.#countAddresses();
  }

  unmute(person: string): void {
    this.#mutes.delete(person);
    this.#countAddresses();
  }

  isMuted({ person, since }: ChatIdentity, address: string): boolean {
    return this.#mutes.has(person) || (this.#firstOfAddress.get(address) ?? Infinity) <= since;
  }

  get muted(): MutedPerson[] {
    return [...this.#mutes.values()].map(({ person, name }) => ({ person, name }));
  }

  #countAddresses(): void {
    this.#firstOfAddress.clear();
    // In the order of their numbers.
    for (const { address, number } of this.#mutes.values()) if (!this.#firstOfAddress.has(address)) this.#firstOfAddress.set(address, number);
  }

  #sign({ person, since }: ChatIdentity): string {
    return createHmac('sha256', this.#secret).update(`${person}.${since}`).digest('base64url');
  }
}

function isSame(came: string, expected: string): boolean {
  const [a, b] = [Buffer.from(came), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

import type { Browser, Page } from 'playwright-core';

import { waitUntil } from '../../../test/helpers/programs.js';
import type { Scope } from '../scope.js';
import { openPage } from './open-page.js';
import { playerPage, type PlayerPageOptions, type ShownFrame } from './player-page.js';
import { plainPage, type PlainPageOptions } from './plain-page.js';

interface PlayerWindow {
  shown: ShownFrame[];
  told: [atMs: number, latencySeconds: number | undefined, playbackRate: number, droppedFrames: number][];
  stalls: number;
  readonly messages: readonly string[];
}

/** What a player page saw since it was last asked. */
export interface Seen {
  readonly shown: readonly ShownFrame[];
  readonly told: readonly (readonly [atMs: number, latencySeconds: number | undefined, playbackRate: number, droppedFrames: number])[];
  readonly stalls: number;
}

/** Chromium watching numbered pictures by the SDK. */
export class NumberedPlayer {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Resolves with the first picture. */
  static start(scope: Scope, options: PlayerPageOptions): Promise<NumberedPlayer> {
    return NumberedPlayer.#open(scope, playerPage(options), options.path);
  }

  /** The same with nothing of ours in the page: hls.js as others use it, in a browser that runs. */
  static startPlain(scope: Scope, options: PlainPageOptions, browser: Browser): Promise<NumberedPlayer> {
    return NumberedPlayer.#open(scope, plainPage(options), 'plain hls.js', browser);
  }

  static async #open(scope: Scope, page: string, name: string, browser?: Browser): Promise<NumberedPlayer> {
    const player = new NumberedPlayer(await openPage(scope, page, browser));
    await waitUntil(
      `the ${name} player shows a picture`,
      async () => {
        const { pictures, messages } = await player.#ask((window) => ({ pictures: window.shown.length, messages: [...window.messages] }));
        if (messages.some((message) => message.startsWith('failed'))) throw new Error(`the player gave up: ${messages.join('; ')}`);
        return pictures > 0;
      },
      30_000,
    );
    return player;
  }

  async take(): Promise<Seen> {
    return this.#ask((window) => {
      const { shown, told, stalls } = window;
      window.shown = [];
      window.told = [];
      window.stalls = 0;
      return { shown, told, stalls };
    });
  }

  async #ask<T>(question: (window: PlayerWindow) => T): Promise<T> {
    const handle = await this.#page.evaluateHandle('window');
    return handle.evaluate(question as unknown as (window: unknown) => T);
  }
}

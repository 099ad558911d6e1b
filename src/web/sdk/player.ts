import type { LiveStreamInfo } from '../../protocol/live-stream-info.js';
import type { BrowserPage } from './browser-page.js';
import { capabilitiesOf } from './playback/capabilities.js';
import { ClockOffset } from './playback/clock-offset.js';
import { ElementStarter } from './playback/element-starter.js';
import { type FactsDesk, type FactsFollower, type StreamFacts } from './playback/facts-poll.js';
import type { PlayerMode } from './playback/path-choice.js';
import { PathRunner, type PathRunnerEvents } from './playback/path-runner.js';
import { playerStats } from './playback/player-stats.js';
import type { PlayerPlace, StreamAddresses } from './playback/playback.js';
import { Sight } from './playback/sight.js';
import { TimeShift } from './playback/time-shift.js';
import type { PlayerOptions, PlayerState } from './player-events.js';
import { playerParts, type PlayerSeams } from './player-parts.js';
import { RenditionPlayer } from './rendition-player.js';
import { notice, waitingNotice, type Notice, type PathFailureOf } from './words.js';

/** Shorter interruptions are hiccups, not worth a word. */
const stalledAfterMs = 400;
const retryAllAfterMs = [2000, 5000, 10_000, 20_000];
/** How often it is told where the picture is. */
const tellPlaceEveryMs = 250;

/** Plays a live stream on a video element; waits for its start, and for the next one after its end. Or plays a recording. */
export class Player extends RenditionPlayer {
  readonly #video: HTMLVideoElement;
  readonly #addresses: StreamAddresses;
  readonly #isRecording: boolean;
  readonly #page: BrowserPage;
  readonly #desk: Pick<FactsDesk, 'follow'>;
  readonly #runner: PathRunner;
  readonly #starter: ElementStarter;
  readonly #shift: TimeShift;
  readonly #abort = new AbortController();
  #releases: (() => void)[] = [];
  #state: PlayerState = 'connecting';
  #notice: Notice | undefined;
  #facts: FactsFollower | undefined;
  #info: LiveStreamInfo | undefined;
  #sight: Sight | undefined;
  /** The page was in view at some time: before, browsers open no media. */
  #seen = false;
  /** The page or the viewer wants no picture. */
  #wantsPause = false;
  /** The present source has shown something. */
  #shown = false;
  /** Its path played to the end; the facts may still call it live for a moment. */
  #endedBroadcast: string | undefined;
  #rounds = 0;
  #cancelStalled: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;

  /** @throws {TypeError} when the address names no live stream and no recording */
  constructor(options: PlayerOptions, seams: Partial<PlayerSeams> = {}) {
    super();
    const { page, desk, ways } = playerParts(options, seams);
    const video = (this.#video = options.video);
    this.#page = page;
    this.#addresses = ways.addresses;
    this.#isRecording = ways.addresses.recording !== undefined;
    this.#desk = desk;
    this.#starter = new ElementStarter(video, page);
    const clock = new ClockOffset();
    this.#runner = new PathRunner({ ...ways, video, page, clock, inSight: () => this.#sight?.clear ?? false });
    this.#shift = new TimeShift(this.#runner, clock, page);
    this.#starter.on('autoplay', (what) => this.emit('autoplay', what));
    this.#runner.on('path', (choice) => this.emit('path', choice));
    this.#runner.on('warning', (warning) => this.emit('warning', warning));
    this.#runner.on('recovered', (code) => this.emit('recovered', code));
    this.chooseFrom(this.#runner);
    this.#runner.on('over', (over) => this.#over(over));
  }

  get state(): PlayerState {
    return this.#state;
  }

  get mode(): PlayerMode {
    return this.#runner.mode;
  }

  /** Changes over at once; the picture comes back after a moment. */
  set mode(mode: PlayerMode) {
    if (mode !== this.#runner.mode && !this.#isRecording) this.#runner.mode = mode;
  }

  /** Where the picture is and what can be gone to; undefined where nothing can, or while it is not known. */
  get place(): PlayerPlace | undefined {
    return this.#shift.place(this.#info);
  }

  /** Whether it plays the live edge, and nothing that was before. */
  get atLive(): boolean {
    return !this.#isRecording && !this.#runner.isBack && this.#runner.playback !== undefined;
  }

  /** Goes to a place, by the scale of `place`: to the nearest that there is. Live, the newest is the live edge; without a `place` nothing happens. */
  seek(toSeconds: number): void {
    if (this.#abort.signal.aborted) return;
    const elsewhere = this.#shift.seek(toSeconds, this.#info, this.#isRecording);
    if (elsewhere === 'live') this.goLive();
    else if (elsewhere !== undefined) this.#goBack(elsewhere);
    this.#tellPlace();
  }

  /** Back to the live edge, with the same delay as before. */
  goLive(): void {
    if (this.#isRecording || this.#abort.signal.aborted) return;
    this.#wantsPause = false;
    // Not where it was paused.
    if (!this.#runner.isBack && this.#state === 'paused') this.#enter('connecting');
    if (!this.#runner.isBack) return this.play();
    this.#runner.close();
    if (this.#info?.state === 'live') this.#tryPath(this.#info, 'stalled');
    else void this.#facts?.ask();
  }

  /** Starts now, or as soon as the stream is live; after `pause()` goes on where it was, if the server goes back so far, or else at the live edge. */
  play(): void {
    if (this.#abort.signal.aborted) return;
    this.#wantsPause = false;
    if (this.#facts === undefined) return this.#begin();
    if (this.#runner.playback === undefined) void this.#facts.ask();
    else void this.#starter.start();
  }

  /** Holds the picture, or does not start one; after some seconds nothing is loaded any more. */
  pause(): void {
    this.#wantsPause = true;
    this.#video.pause();
  }

  /** Stops for good and lets go of the element; idempotent. */
  close(): void {
    if (this.#abort.signal.aborted) return;
    this.#abort.abort();
    this.#starter.close();
    this.#facts?.close();
    this.#sight?.close();
    this.#cancelStalled?.();
    this.#cancelRetry?.();
    for (const release of this.#releases.splice(0)) release();
    this.#runner.close();
  }

  #begin(): void {
    const page = this.#page;
    this.#seen = !page.hidden;
    this.#video.playsInline = true;
    this.#sight = new Sight(this.#video, page);
    this.#listen('playing', () => this.#onPlaying());
    this.#listen('waiting', () => this.#onWaiting());
    this.#listen('pause', () => this.#onPause());
    this.#listen('play', () => this.#onPlay());
    this.#listen('emptied', () => (this.#shown = false));
    this.#listen('ended', () => this.#isRecording && this.#enter('ended'));
    // A new source pauses the element.
    this.#listen('canplay', () => !this.#shown && this.#video.paused && !this.#wantsPause && void this.#starter.start());
    this.#releases.push(
      page.on('shown', () => {
        this.#seen = true;
        this.#runner.resume();
      }),
      page.on('online', () => this.#runner.resume()),
      page.every(1000, () => {
        if (this.#runner.playback !== undefined) this.emit('stats', playerStats(this.#video, this.#runner.playback, this.#runner.played));
      }),
      page.every(tellPlaceEveryMs, () => this.#tellPlace()),
    );
    // While the server is asked, not after it.
    this.#runner.load(capabilitiesOf(this.#video, { recorded: this.#isRecording }));
    this.#facts = this.#desk.follow(this.#addresses.facts, (facts) => this.#learn(facts));
  }

  #listen(name: string, listener: () => void): void {
    this.#video.addEventListener(name, listener, { signal: this.#abort.signal });
  }

  #learn(facts: StreamFacts): void {
    const isRunning = this.#runner.playback !== undefined;
    if (this.#isRecording) return isRunning || this.#cancelRetry !== undefined ? undefined : this.#tryPath();
    if (!isRunning && facts.known && facts.info?.state !== 'live') this.#runner.beginAfresh();
    if (!facts.known) {
      // Paths fail when the server is gone, too: that says nothing of them.
      if (isRunning) return;
      this.#addresses.servers?.next();
      this.#runner.forgive();
      return this.#enter('waiting', notice('server-unreachable', { status: facts.status }));
    }
    const { info } = facts;
    this.#info = info;
    this.emit('info', info);
    if (this.#state === 'stalled') this.#enter('stalled', this.#stalledNotice());
    if (isRunning || this.#cancelRetry !== undefined || this.#abort.signal.aborted) return;
    if (info?.state === 'live' && info.broadcast !== this.#endedBroadcast) return this.#tryPath(info);
    if (info?.state === 'ended' || (info !== undefined && info.broadcast === this.#endedBroadcast)) return this.#enter('ended');
    // What has just ended stays on screen as ended until the next broadcast begins.
    if (this.#state !== 'ended' || info !== undefined) this.#enter('waiting', waitingNotice(info?.state));
  }

  #goBack(toSeconds: number): void {
    this.#stopStalled();
    this.#shown = false;
    this.#runner.goBack(toSeconds, capabilitiesOf(this.#video, { recorded: true }).mediaSource ? 'hls' : 'native');
    if (this.#wantsPause) return;
    this.#enter('stalled');
    void this.#starter.start();
  }

  #tellPlace(): void {
    this.#shift.tell(this.#info, (place) => this.emit('place', place && { ...place, atLive: this.atLive }));
  }

  /** @param state meanwhile */
  #tryPath(info?: LiveStreamInfo, state: 'connecting' | 'stalled' = 'connecting'): void {
    if (this.#wantsPause) return this.#enter('paused');
    // A page that was seen and used may begin behind another; one that nobody has looked at yet opens no media.
    if (this.#page.hidden && !(this.#seen && this.#page.touched)) return this.#enter('waiting', notice('page-hidden', {}));
    this.#enter(state);
    this.#shown = false;
    const failures = this.#runner.begin(info?.broadcast ?? '', capabilitiesOf(this.#video, { info, recorded: this.#isRecording }));
    if (failures === undefined) void this.#starter.start();
    else this.#giveUpForNow(failures);
  }

  #over({ end, broadcast }: PathRunnerEvents['over']): void {
    this.#stopStalled();
    if (end.reason === 'ended' && !this.#isRecording) {
      // Of the path's own beginning: by now the facts may speak of the next broadcast.
      this.#endedBroadcast = broadcast;
      this.#enter('ended');
    }
    // Media was still coming in, and an answer would have to come over the line that is too slow.
    const isLineSlow = end.reason === 'failed' && end.failure.code === 'line-too-slow';
    if (isLineSlow && this.#info?.state === 'live') return this.#tryPath(this.#info);
    // A path also fails when the broadcast is over or the server gone: then another path would not help.
    void this.#facts?.ask();
  }

  #giveUpForNow(failures: readonly PathFailureOf[]): void {
    this.#enter('failed', failures.length === 0 ? notice('browser-unsupported', {}) : notice('no-path-worked', { failures }));
    this.#runner.forgive();
    const delayMs = retryAllAfterMs[Math.min(this.#rounds, retryAllAfterMs.length - 1)] ?? 0;
    this.#rounds += 1;
    this.#cancelRetry = this.#page.after(delayMs * (0.8 + 0.4 * this.#page.random()), () => {
      this.#cancelRetry = undefined;
      void this.#facts?.ask();
    });
  }

  #onPlay(): void {
    this.#wantsPause = false;
    const pausedAt = this.#state === 'paused' ? this.#shift.pausedAt(this.#info) : undefined;
    if (pausedAt !== undefined) this.#goBack(pausedAt);
    else if (this.#runner.playback === undefined) void this.#facts?.ask();
    else if (this.#state === 'paused') this.#enter('connecting');
  }

  #onPause(): void {
    // Once a pause is told, WebKit may have gone on already.
    if (this.#runner.playback === undefined || this.#video.ended || !this.#video.paused) return;
    // WebKit pauses by itself when a source is taken away or exchanged, until the new one shows something.
    if ((this.#page.webKit && !this.#shown) || (!this.#wantsPause && this.#starter.paused())) return;
    this.#wantsPause = true;
    this.#stopStalled();
    this.#enter('paused');
  }

  #onPlaying(): void {
    this.#stopStalled();
    this.#rounds = 0;
    this.#shown = true;
    this.#starter.playing();
    if (this.#runner.playback === undefined) return;
    // Now this viewer counts too.
    if (this.#state === 'connecting') void this.#facts?.ask();
    this.#enter('playing');
  }

  #onWaiting(): void {
    if (this.#state !== 'playing' || this.#cancelStalled !== undefined) return;
    this.#cancelStalled = this.#page.after(stalledAfterMs, () => this.#enter('stalled', this.#stalledNotice()));
  }

  #stopStalled(): void {
    this.#cancelStalled?.();
    this.#cancelStalled = undefined;
  }

  #stalledNotice(): Notice {
    return waitingNotice(this.#info?.state) ?? notice('network-slow', {});
  }

  #enter(state: PlayerState, said?: Notice): void {
    if (this.#abort.signal.aborted || (state === this.#state && said?.message === this.#notice?.message)) return;
    this.#state = state;
    this.#notice = said;
    this.emit('state', { state, message: said?.message, notice: said });
  }
}

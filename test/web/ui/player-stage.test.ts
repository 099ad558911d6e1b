import t from 'tap';
import { Listeners } from '../../../src/web/sdk/listeners.js';
import type { Player } from '../../../src/web/sdk/player.js';
import type { PlayerEvents, PlayerState } from '../../../src/web/sdk/player-events.js';
import { notice, type Notice } from '../../../src/web/sdk/words.js';
import { playerStage, type PlayerStage } from '../../../src/web/ui/player-stage.js';
import { installGlobals } from '../sdk/fake-document.js';
import { FakeHtml, installFakeDom } from './fake-dom.js';
import { FakeHtmlVideo } from './fake-html-video.js';

type Teardown = Parameters<typeof installFakeDom>[0];
const fake = (element: unknown): FakeHtml => element as FakeHtml;

/** A player that says what the test says. */
class FakePlayer extends Listeners<PlayerEvents> {
  state: PlayerState = 'connecting';
  readonly renditions = [];
  enter(state: PlayerState, said?: Notice): void {
    this.state = state;
    this.emit('state', { state, message: said?.message, notice: said });
  }
  info(state: string | undefined, broadcast = 'b'): void {
    this.emit('info', (state === undefined ? undefined : { state, broadcast, rendition: { width: 640 } }) as PlayerEvents['info']);
  }
}

interface StageBench {
  readonly player: FakePlayer;
  readonly video: FakeHtmlVideo;
  readonly stage: PlayerStage;
  readonly part: (name: string) => FakeHtml;
  readonly pictures: FakeHtml[];
}

function stageBench(t: Teardown): StageBench {
  installFakeDom(t, { video: FakeHtmlVideo });
  const pictures: FakeHtml[] = [];
  class Picture extends FakeHtml {
    src = '';
    constructor() {
      super('img');
      pictures.push(this);
    }
  }
  installGlobals(t, { Image: Picture, location: new URL('https://live.example/watch/s/~token') });
  const [stage, player] = [playerStage('page'), new FakePlayer()];
  stage.follow(player as unknown as Player);
  const part = (name: string): FakeHtml => fake(stage.frame).all().find((each) => each.getAttribute('class')?.split(' ').includes(name)) ?? new FakeHtml();
  return { player, stage, part, pictures, video: stage.video as unknown as FakeHtmlVideo };
}

t.test('the lamp is lit by the server alone, and not over a picture that is not of now', (t) => {
  const { player, part } = stageBench(t);
  const lamp = (): string => `${part('lamp').textContent} ${part('lamp').dataset.state ?? ''}`;
  player.enter('waiting');
  t.equal(lamp(), 'Waiting busy');
  player.enter('playing');
  t.equal(lamp(), 'Ended off', 'the player’s own guess lights nothing');
  player.info('live');
  t.equal(lamp(), 'LIVE live');
  for (const [state, expected] of [['stalled', 'LIVE live'], ['paused', 'Paused off'], ['ended', 'Ended off'], ['connecting', 'LIVE live'], ['failed', 'LIVE live']] as const) {
    player.enter(state);
    t.equal(lamp(), expected, state);
  }
  player.info('waiting');
  t.equal(lamp(), 'On hold off');
  player.info(undefined);
  t.equal(lamp(), 'Problem off');
  t.end();
});

t.test('where there is no picture it is said why, and what stands over one is of now', (t) => {
  const { player, part } = stageBench(t);
  player.enter('waiting', notice('server-unreachable', { status: 502 }));
  t.match(part('curtain-text').textContent, /answered 502/);
  player.enter('waiting');
  t.match([part('curtain-title').textContent, part('curtain-text').textContent], ['Not live yet', /starts by itself/]);
  const slow = notice('line-too-slow', {});
  player.emit('warning', slow);
  player.enter('playing');
  t.strictSame([part('curtain').hidden, part('stalled-note').textContent], [true, slow.message]);
  player.enter('stalled', notice('broadcaster-away', {}));
  t.match(part('stalled-note').textContent, /broadcaster/);
  player.enter('stalled', notice('network-slow', {}));
  t.equal(part('stalled-note').textContent, slow.message, 'why the network is waited for');
  player.enter('playing');
  player.emit('recovered', { code: 'line-too-slow' });
  t.equal(part('stalled-note').textContent, '');
  player.enter('paused');
  t.strictSame([part('curtain').hidden, part('stalled-note').textContent], [true, '']);
  t.end();
});

t.test('one press gives what the browser refused; in a waiting room there is nothing to play', (t) => {
  const { player, video, stage, part } = stageBench(t);
  const button = (): string | undefined => (part('unmute').hidden ? undefined : part('unmute').textContent);
  player.enter('playing');
  t.equal(button(), undefined);
  Object.assign(video, { muted: true, volume: 0 }).say('volumechange');
  t.equal(button(), 'Unmute');
  let focused: FakeHtml | undefined;
  const mute = fake(stage.frame).querySelector('media-mute-button');
  if (mute !== null) mute.focus = () => (focused = mute);
  part('unmute').say('click');
  t.strictSame([video.muted, video.volume, video.paused], [false, 1, false]);
  t.equal(focused, mute ?? new FakeHtml(), 'the focus does not fall off the page');
  video.say('volumechange');
  t.equal(button(), undefined);
  player.enter('connecting');
  player.emit('autoplay', 'blocked');
  t.strictSame([button(), part('curtain-title').textContent], ['Play', 'Ready to play']);
  player.enter('ended');
  t.strictSame([button(), part('curtain-title').textContent], [undefined, 'The broadcast has ended']);
  player.enter('connecting');
  player.emit('autoplay', 'blocked');
  t.equal(button(), 'Play');
  player.enter('playing');
  t.equal(button(), undefined);
  t.end();
});

t.test('a recent picture stands there while the first is awaited, by the viewer’s own link, once a broadcast', (t) => {
  const { player, video, pictures } = stageBench(t);
  player.info('waiting');
  t.equal(pictures.length, 0);
  player.info('live');
  player.info('live');
  t.strictSame(pictures.map((picture) => (picture as FakeHtml & { src: string }).src), ['https://live.example/live/s/~token/poster.jpg']);
  t.equal(video.poster, '', 'not before it is there');
  pictures[0]?.dispatchEvent(new Event('load'));
  t.match(video.poster, /poster\.jpg$/);
  player.info('live', 'second');
  t.equal(pictures.length, 2);
  video.readyState = 4;
  player.info('live', 'third');
  t.equal(pictures.length, 2, 'a picture that plays needs none');
  t.end();
});

t.test('what is laid over the picture is under its words; what is offered while waiting goes with them; keys press the controls', (t) => {
  const { stage, part } = stageBench(t);
  const [layer, offer, presses] = [new FakeHtml('div'), new FakeHtml('button'), [] as string[]];
  stage.overlay(layer as unknown as HTMLElement);
  stage.offerWhileWaiting(offer as unknown as HTMLButtonElement);
  const order = part('player-stage').children;
  t.equal(order.indexOf(layer) + 1, order.indexOf(part('curtain')));
  t.equal(offer.parent, part('curtain'));
  for (const control of ['play', 'mute', 'fullscreen'] as const) {
    fake(stage.frame).querySelector(`media-${control}-button`)?.addEventListener('click', () => presses.push(control));
    stage.press(control);
  }
  t.strictSame(presses, ['play', 'mute', 'fullscreen']);
  t.end();
});

t.test('when it is over the recording is offered, also to who had gone back and finds that all is gone; not while it is waited for', (t) => {
  const { player, stage, part } = stageBench(t);
  stage.offerAfterwards('https://live.example/recordings/id#t=3.0');
  const offered = (): boolean => part('curtain').dataset.over === 'true' && !part('curtain-afterwards').hidden;
  for (const [state, onAir, expected] of [['waiting', 'starting', false], ['waiting', 'waiting', false], ['ended', 'live', true], ['ended', 'ended', true], ['waiting', undefined, true], ['connecting', 'live', false]] as const) {
    player.info(onAir);
    player.enter(state);
    t.equal(offered(), expected, `${state}, the server says ${String(onAir)}`);
  }
  stage.offerAfterwards(undefined);
  player.enter('ended');
  t.equal(offered(), false, 'where nothing was recorded');
  t.end();
});

import { element } from './element.js';

const words = { idle: 'Play on a TV', connecting: 'Connecting to the TV…', connected: 'Back to this screen' };

/**
 * Hands the stream to a screen in the same network, by the Remote Playback API: shown only while there is one. The screen plays
 * HLS by itself; what is played here is pushed by script and can't be handed on, so it pauses meanwhile.
 */
export function castButton(hls: string, here: HTMLVideoElement): HTMLButtonElement {
  const button = element('button', { class: 'button', type: 'button', hidden: true }, words.idle);
  const there = element('video', { preload: 'none', src: hls });
  if (!('remote' in there)) return button;
  const { remote } = there;
  const show = (state: keyof typeof words): void => {
    button.textContent = words[state];
    button.setAttribute('aria-pressed', String(state === 'connected'));
  };
  let isThere = false;
  let goesOnHere = false;
  const showWhetherThere = (): void => void (button.hidden = !isThere && remote.state === 'disconnected');
  // Rejected where it can't be watched for: then there is no button, as without a screen.
  void remote.watchAvailability((is) => {
    isThere = is;
    showWhetherThere();
  }).catch(() => undefined);
  button.addEventListener('click', () => {
    // Also how the viewer takes it back; rejected when nothing was chosen, which is no failure.
    void remote.prompt().catch(() => undefined);
  });
  remote.addEventListener('connecting', () => show('connecting'));
  remote.addEventListener('connect', () => {
    show('connected');
    goesOnHere = !here.paused;
    here.pause();
    void there.play().catch(() => undefined);
  });
  remote.addEventListener('disconnect', () => {
    show('idle');
    showWhetherThere();
    there.pause();
    // What was paused before, or was never handed on, is not to begin by itself.
    if (goesOnHere) void here.play().catch(() => undefined);
    goesOnHere = false;
  });
  return button;
}

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
  // Rejected where it can't be watched for: then there is no button, as without a screen.
  void remote.watchAvailability((isThere) => (button.hidden = !isThere && remote.state === 'disconnected')).catch(() => undefined);
  button.addEventListener('click', () => {
    // Also how the viewer takes it back; rejected when nothing was chosen, which is no failure.
    void remote.prompt().catch(() => undefined);
  });
  remote.addEventListener('connecting', () => show('connecting'));
  remote.addEventListener('connect', () => {
    show('connected');
    here.pause();
    void there.play().catch(() => undefined);
  });
  remote.addEventListener('disconnect', () => {
    show('idle');
    there.pause();
    void here.play().catch(() => undefined);
  });
  return button;
}

import { element } from './element.js';

export interface StartAlarm {
  /** Offered while there is nothing to see. */
  readonly button: HTMLButtonElement;
  /** It has begun: whoever asked hears it, and is told by a notification while the page is hidden. */
  ring(title: string): void;
}

const wordsBefore = 'Tell me when it starts';
const wordsAfter = 'You will be told here when it starts';

/** For who waits in another tab: a sound, and a notification where the browser lets the page show one. */
export function startAlarm(): StartAlarm {
  const button = element('button', { class: 'button', type: 'button', 'aria-pressed': 'false' }, wordsBefore);
  let isWanted = false;
  let sound: AudioContext | undefined;
  const want = (wanted: boolean): void => {
    isWanted = wanted;
    button.setAttribute('aria-pressed', String(wanted));
    button.textContent = wanted ? wordsAfter : wordsBefore;
  };
  button.addEventListener('click', () => {
    want(!isWanted);
    void sound?.close();
    // Opened by a press: later no browser would let it sound.
    sound = isWanted ? openSound() : undefined;
    if (isWanted && 'Notification' in window && Notification.permission === 'default') void Notification.requestPermission();
  });
  return {
    button,
    ring(title) {
      if (!isWanted) return;
      want(false);
      if (document.hidden) notify(title);
      if (sound !== undefined) chime(sound);
      sound = undefined;
    },
  };
}

/** @returns undefined where nothing can sound */
function openSound(): AudioContext | undefined {
  try {
    return new AudioContext();
  } catch {
    return undefined;
  }
}

function notify(title: string): void {
  if (!('Notification' in window) || Notification.permission !== 'granted') return;
  try {
    const shown = new Notification(`${title} is live`, { tag: location.pathname });
    shown.addEventListener('click', () => {
      window.focus();
      shown.close();
    });
  } catch {
    // Android lets service workers alone show them; there is the sound.
  }
}

/** Two soft tones, then the context is let go of. */
function chime(context: AudioContext): void {
  const gain = context.createGain();
  gain.connect(context.destination);
  gain.gain.setValueAtTime(0, context.currentTime);
  gain.gain.linearRampToValueAtTime(0.2, context.currentTime + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.9);
  const tones = [660, 880].map((frequency, index) => {
    const tone = new OscillatorNode(context, { frequency });
    tone.connect(gain);
    tone.start(context.currentTime + index * 0.18);
    tone.stop(context.currentTime + 0.9);
    return tone;
  });
  tones.at(-1)?.addEventListener('ended', () => void context.close());
}

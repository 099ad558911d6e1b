import { clockTime, exactTime, readClockTime, spokenTime } from './amounts.js';
import { element } from './element.js';

export interface ClipEditorOptions {
  /** The page's own section, with a heading in it. */
  readonly section: HTMLElement;
  /** Where the picture is. */
  readonly position: () => number | undefined;
  /** Shows that place. */
  readonly seek: (seconds: number) => void;
  readonly download: (fromSeconds: number, toSeconds: number) => void;
}

export interface ClipEditor {
  /** How long the recording is. */
  setLength(seconds: number): void;
}

type End = 'from' | 'to';

const shortestSeconds = 0.5;
/** The server makes no longer ones. */
const longestSeconds = 3600;
const usualSeconds = 30;
const steps: Readonly<Record<string, number>> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
const labels: Readonly<Record<End, string>> = { from: 'From', to: 'To' };

/** Two handles on a bar, and the same times as text: what lies between them is downloaded. */
export function clipEditor({ section, position, seek, download }: ClipEditorOptions): ClipEditor {
  let lengthSeconds = 0;
  const times: Record<End, number> = { from: 0, to: usualSeconds };
  const chosen = element('div', { class: 'clip-chosen' });
  const handles = { from: handle('from'), to: handle('to') };
  const fields = { from: field('from'), to: field('to') };
  const track = element('div', { class: 'clip-track' }, element('div', { class: 'clip-line' }), chosen, handles.from, handles.to);
  const length = element('p', { class: 'soft small numbers', role: 'status' });
  const cut = element('button', { class: 'button button--primary', type: 'button' }, 'Download this clip');
  const hint = element('p', { class: 'hint' }, 'It begins with the keyframe at or before its first time, up to a few seconds earlier: nothing is encoded again.');
  cut.addEventListener('click', () => download(times.from, times.to));
  section.append(track, element('div', { class: 'clip-times' }, fields.from.element, fields.to.element), element('div', { class: 'row' }, cut, length), hint);

  function handle(end: End): HTMLElement {
    const made = element('div', { class: 'clip-handle', role: 'slider', tabindex: '0', 'aria-label': `${labels[end]} here`, 'aria-valuemin': '0' });
    made.addEventListener('keydown', (event) => {
      const step = steps[event.key];
      const to = step !== undefined ? times[end] + step * (event.shiftKey ? 0.1 : 1) : event.key === 'Home' ? 0 : event.key === 'End' ? lengthSeconds : undefined;
      if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      set(end, to);
    });
    made.addEventListener('pointerdown', (event) => {
      if (event.button === 0) made.setPointerCapture(event.pointerId);
    });
    made.addEventListener('pointermove', (event) => {
      if (!made.hasPointerCapture(event.pointerId)) return;
      const { left, width } = track.getBoundingClientRect();
      if (width > 0) set(end, ((event.clientX - left) / width) * lengthSeconds);
    });
    return made;
  }

  function field(end: End): { readonly element: HTMLElement; readonly input: HTMLInputElement; readonly error: HTMLElement } {
    const id = `clip-${end}`;
    const error = element('span', { class: 'field-error', id: `${id}-error` });
    const input = element('input', { class: 'input numbers', id, inputmode: 'text', autocomplete: 'off', 'aria-describedby': error.id });
    const here = element('button', { class: 'button', type: 'button', 'aria-label': `Here: ${labels[end]} where the picture is` }, 'Here');
    here.addEventListener('click', () => set(end, position() ?? times[end], false));
    input.addEventListener('change', () => {
      const seconds = readClockTime(input.value);
      const isBad = seconds === undefined || seconds > lengthSeconds + 0.05;
      error.textContent = isBad ? `Write a time up to ${clockTime(lengthSeconds)}, such as 1:05 or 1:05.5.` : '';
      input.setAttribute('aria-invalid', String(isBad));
      if (!isBad) set(end, seconds);
    });
    return { element: element('div', { class: 'clip-time' }, element('label', { for: id, class: 'label' }, labels[end]), input, here, error), input, error };
  }

  /** The other end gives way. */
  function set(end: End, seconds: number, andShow = true): void {
    const wanted = Math.min(lengthSeconds, Math.max(0, Math.round(seconds * 10) / 10));
    if (end === 'from') {
      times.from = Math.min(wanted, Math.max(0, lengthSeconds - shortestSeconds));
      times.to = Math.min(Math.max(times.to, times.from + shortestSeconds), times.from + longestSeconds, lengthSeconds);
    } else {
      times.to = Math.max(wanted, Math.min(shortestSeconds, lengthSeconds));
      times.from = Math.max(0, Math.min(times.from, times.to - shortestSeconds), times.to - longestSeconds);
    }
    show();
    if (andShow) seek(times[end]);
  }

  function show(): void {
    const share = (seconds: number): string => `${((seconds / Math.max(lengthSeconds, 0.001)) * 100).toFixed(3)}%`;
    for (const end of ['from', 'to'] as const) {
      const made = handles[end];
      made.style.left = share(times[end]);
      made.setAttribute('aria-valuemax', lengthSeconds.toFixed(1));
      made.setAttribute('aria-valuenow', times[end].toFixed(1));
      made.setAttribute('aria-valuetext', exactTime(times[end]));
      const { input, error } = fields[end];
      if (document.activeElement !== input || error.textContent === '') input.value = exactTime(times[end]);
      error.textContent = '';
      input.removeAttribute('aria-invalid');
    }
    chosen.style.left = share(times.from);
    chosen.style.width = share(times.to - times.from);
    length.textContent = `${spokenTime(times.to - times.from)} long`;
  }

  return {
    setLength(seconds) {
      if (Math.abs(seconds - lengthSeconds) < 0.05) return;
      lengthSeconds = seconds;
      times.from = Math.min(times.from, Math.max(0, seconds - shortestSeconds));
      times.to = Math.min(Math.max(times.to, times.from + shortestSeconds), seconds);
      show();
    },
  };
}

import { element } from './element.js';

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** In front: where there is little room, the end of a name is cut off. */
const unplugged = 'Unplugged: ';

/** Fills a select with the devices of one kind and keeps the choice, also of a device that is not there now. @returns how many there are */
export async function listDevices(select: HTMLSelectElement, kind: 'videoinput' | 'audioinput', fixed: readonly Choice[]): Promise<number> {
  const all = await navigator.mediaDevices.enumerateDevices().catch(() => undefined);
  // Browsers refuse it in some moments: what is listed stays.
  if (all === undefined) return select.options.length - fixed.length;
  // Not before: meanwhile another one may have been chosen.
  const chosen = [...select.options].find(({ value }) => value === select.value);
  const devices = all.filter((device) => device.kind === kind);
  // Before the user has said yes, browsers give neither ids nor names.
  const known = devices.filter(({ deviceId, label }) => deviceId !== '' && deviceId !== 'default' && label !== '');
  const choices = [...fixed, ...known.map(({ deviceId, label }) => ({ value: deviceId, label }))];
  if (chosen !== undefined && !choices.some(({ value }) => value === chosen.value)) {
    const name = chosen.text.startsWith(unplugged) ? chosen.text.slice(unplugged.length) : chosen.text;
    // Where names are withheld again it may be there or not.
    const isGone = known.length === devices.filter(({ deviceId }) => deviceId !== 'default').length;
    choices.push({ value: chosen.value, label: isGone ? `${unplugged}${name}` : name });
  }
  select.replaceChildren(...choices.map(({ value, label }) => element('option', { value }, label)));
  select.value = chosen?.value ?? choices[0]?.value ?? '';
  return known.length;
}

/** Whether the user has allowed this page to use camera and microphone already: only then devices have names. */
export async function devicesAreKnown(): Promise<boolean> {
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  const labels = (await devices?.enumerateDevices().catch(() => []))?.map(({ label }) => label) ?? [];
  return labels.length > 0 && labels.every((label) => label !== '');
}

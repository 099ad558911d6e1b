import { element } from './element.js';

const svgNamespace = 'http://www.w3.org/2000/svg';

/** A button for the bar, with its name and what is drawn of it: SVG path data of a 24 × 24 box. */
export function barButton(label: string, path: string): HTMLButtonElement {
  // Its own keys are not the picture's.
  const button = element('button', { class: 'bar-button', type: 'button', 'aria-label': label, title: label, keysused: 'Enter Space' });
  const icon = document.createElementNS(svgNamespace, 'svg');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  const shape = document.createElementNS(svgNamespace, 'path');
  shape.setAttribute('d', path);
  shape.setAttribute('fill-rule', 'evenodd');
  icon.append(shape);
  button.append(icon);
  return button;
}

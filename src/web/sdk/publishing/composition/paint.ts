import { marginOf } from './layout.js';
import type { Layer, PictureName, Scene } from './scene.js';

type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;
type Images = Readonly<Partial<Record<PictureName, CanvasImageSource>>>;

const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const ground = '#17181b';

/** Draws a scene on a canvas of its size. */
export function paint(context: Context, { size, layers }: Scene, images: Images): void {
  context.fillStyle = ground;
  context.fillRect(0, 0, size.width, size.height);
  for (const layer of layers) {
    context.save();
    if (layer.kind === 'picture') paintPicture(context, layer, images[layer.name], marginOf(size));
    else if (layer.kind === 'tag') paintTag(context, layer);
    else paintCard(context, layer, size);
    context.restore();
  }
}

function paintPicture(context: Context, { to, mirrored, isInCorner }: Extract<Layer, { kind: 'picture' }>, image: CanvasImageSource | undefined, margin: number): void {
  if (image === undefined) return;
  if (isInCorner) {
    const radius = margin / 2;
    // A thin edge tells it from a screen of the same colours.
    context.fillStyle = 'rgb(255 255 255 / 85%)';
    const edge = Math.max(1, Math.round(margin / 14));
    rounded(context, to.left - edge, to.top - edge, to.width + 2 * edge, to.height + 2 * edge, radius + edge);
    context.fill();
    rounded(context, to.left, to.top, to.width, to.height, radius);
    context.clip();
  }
  if (mirrored) {
    context.translate(2 * to.left + to.width, 0);
    context.scale(-1, 1);
  }
  context.drawImage(image, to.left, to.top, to.width, to.height);
}

function paintTag(context: Context, { box, tag }: Extract<Layer, { kind: 'tag' }>): void {
  const { name, detail = '' } = tag;
  const hasDetail = detail !== '';
  const padding = Math.round(box.height * 0.2);
  const nameFont = `650 ${String(Math.round(box.height * (hasDetail ? 0.36 : 0.42)))}px ${font}`;
  const detailFont = `400 ${String(Math.round(box.height * 0.25))}px ${font}`;
  const room = box.width - 2.5 * padding;
  const [first, firstWidth] = shortened(context, nameFont, name, room);
  const [second, secondWidth] = hasDetail ? shortened(context, detailFont, detail, room) : ['', 0];
  const width = Math.min(box.width, Math.max(firstWidth, secondWidth) + 2.5 * padding);
  const height = hasDetail ? box.height : Math.round(box.height * 0.8);
  const [left, top] = [box.align === 'left' ? box.left : box.left + box.width - width, box.top + box.height - height];
  context.fillStyle = 'rgb(18 19 22 / 82%)';
  rounded(context, left, top, width, height, padding * 0.7);
  context.fill();
  context.fillStyle = '#6ad6c8';
  rounded(context, left + padding * 0.6, top + padding, padding * 0.28, height - 2 * padding, padding * 0.14);
  context.fill();
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  const textLeft = left + 1.5 * padding;
  context.font = nameFont;
  context.fillStyle = '#ffffff';
  context.fillText(first, textLeft, top + height * (hasDetail ? 0.37 : 0.52));
  context.font = detailFont;
  context.fillStyle = '#d3d1cc';
  if (hasDetail) context.fillText(second, textLeft, top + height * 0.72);
}

function paintCard(context: Context, { title, message, note }: Extract<Layer, { kind: 'card' }>, { width, height }: Scene['size']): void {
  const unit = Math.min(width, height);
  const room = width * 0.84;
  const gradient = context.createLinearGradient(0, 0, width, height);
  gradient.addColorStop(0, '#1d3b3a');
  gradient.addColorStop(1, '#141518');
  context.fillStyle = gradient;
  context.fillRect(0, 0, width, height);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const line = (text: string, share: number, weight: number, colour: string, top: number): void => {
    const [shown] = shortened(context, `${String(weight)} ${String(Math.round(unit * share))}px ${font}`, text, room);
    context.fillStyle = colour;
    context.fillText(shown, width / 2, height / 2 + unit * top);
  };
  if (title !== '') line(title, 0.052, 500, '#c4ddd9', -0.13);
  line(message, 0.1, 650, '#ffffff', 0);
  if (note !== '') line(note, 0.04, 400, '#b9b7b1', 0.13);
}

/** The text in this font, which it leaves set, shortened to the room that there is; and its width. */
function shortened(context: Context, ofFont: string, text: string, room: number): [shown: string, width: number] {
  context.font = ofFont;
  const widthOf = (shown: string): number => context.measureText(shown).width;
  if (widthOf(text) <= room) return [text, widthOf(text)];
  const letters = Array.from(text);
  let [fits, tooMany] = [0, letters.length];
  while (fits + 1 < tooMany) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (widthOf(`${letters.slice(0, middle).join('')}…`) <= room) fits = middle;
    else tooMany = middle;
  }
  const shown = `${letters.slice(0, fits).join('').trimEnd()}…`;
  return [shown, widthOf(shown)];
}

function rounded(context: Context, left: number, top: number, width: number, height: number, radius: number): void {
  context.beginPath();
  context.roundRect(left, top, width, height, radius);
}

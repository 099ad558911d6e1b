import { leftCopies, prepareCopy } from '../sdk/copy.js';
import type { Publisher } from '../sdk/publisher.js';
import type { CopiedFile, LocalCopy } from '../sdk/publishing/copy/local-copy.js';
import { byteSize } from './amounts.js';
import { byId, element } from './element.js';
import type { NoticeBoard } from './notice-board.js';
import type { StudioSession } from './studio-session.js';

/** What a page picks a file with, in browsers that have it. */
type PickFile = (options: { readonly suggestedName: string }) => Promise<FileSystemFileHandle>;

export interface StudioCopyParts {
  readonly pickFile: PickFile | undefined;
  readonly prepareCopy: typeof prepareCopy;
  readonly leftCopies: typeof leftCopies;
  readonly save: (blob: Blob, name: string) => void;
}

const browserParts: StudioCopyParts = {
  get pickFile() {
    const page = globalThis as { showSaveFilePicker?: PickFile };
    return page.showSaveFilePicker?.bind(page);
  },
  prepareCopy,
  leftCopies,
  save: (blob, name) => {
    const link = element('a', { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
  },
};

const words = {
  off: 'Nothing is written on this computer.',
  picked: (name: string): string => `What you send is written to ${name}, too, while you are live.`,
  kept: 'What you send is kept by this browser, too, while you are live; at the end it is given to you as a download.',
};

type CopiedPublisher = Pick<Publisher, 'on' | 'closed' | 'setQuality'>;
type Saved = Pick<CopiedFile, 'name' | 'blob' | 'discard'>;

/** The switch that keeps a copy of what is sent on this computer, and what is said of that copy. */
export class StudioCopy {
  readonly #session: Pick<StudioSession, 'state' | 'onAir'>;
  readonly #notices: Pick<NoticeBoard, 'show' | 'clear'>;
  readonly #parts: StudioCopyParts;
  readonly #box = byId('copy', HTMLInputElement);
  readonly #hint = byId('copy-hint', HTMLElement);
  /** Begins the next copy; undefined: none is wanted. */
  #begin: Awaited<ReturnType<typeof prepareCopy>> | undefined;
  #isPicked = false;
  #publisher: { readonly publisher: CopiedPublisher; readonly stream: string } | undefined;
  #copy: LocalCopy | undefined;

  /** @param parts the browser's own, unless a test has others */
  constructor(session: Pick<StudioSession, 'state' | 'onAir'>, notices: Pick<NoticeBoard, 'show' | 'clear'>, parts = browserParts) {
    this.#session = session;
    this.#notices = notices;
    this.#parts = parts;
    this.#box.addEventListener('change', () => void (this.#box.checked ? this.#switchOn() : this.#switchOff()));
    this.#switchOff();
  }

  /** Call with each Publisher before it starts. */
  follow(publisher: CopiedPublisher, stream: string): void {
    this.#publisher = { publisher, stream };
    this.#start();
    void publisher.closed.then(() => {
      this.#publisher = undefined;
      this.#finish();
    });
  }

  /** Copies of pages that are gone, to be saved or to be let go of. */
  async offerLeft(): Promise<void> {
    const left = await this.#parts.leftCopies().catch(() => []);
    if (left.length === 0) return;
    this.#notices.show('copy-left', 'info', {
      title: left.length === 1 ? 'This browser still keeps a copy of an earlier broadcast.' : `This browser still keeps ${String(left.length)} copies of earlier broadcasts.`,
      advice: `${left.map(({ name, blob }) => `${name} (${byteSize(blob.size)})`).join(', ')}. Save what you want to keep; then delete it here, to free the space.`,
      actions: [{ label: 'Save', run: () => this.#save(left) }, { label: 'Delete', run: () => void this.#discard(left, 'copy-left') }],
    });
  }

  async #switchOn(): Promise<void> {
    this.#box.disabled = true;
    try {
      const file = await this.#pick();
      this.#begin = await this.#parts.prepareCopy(file);
      this.#isPicked = file !== undefined;
      this.#hint.textContent = file ? words.picked(file.name) : words.kept;
      this.#notices.clear('copy');
      if (this.#publisher === undefined) return;
      this.#start();
      // A file needs the beginning of a recording: the one that is under way has given its own away.
      if (this.#session.onAir) await this.#publisher.publisher.setQuality(this.#session.state.wish.quality);
    } catch (error) {
      this.#box.checked = false;
      this.#switchOff();
      // Who closes the dialog has said no.
      if (error instanceof DOMException && error.name === 'AbortError') return;
      this.#notices.show('copy', 'warning', { title: 'No copy can be kept here.', advice: error instanceof Error ? error.message : String(error) });
    } finally {
      this.#box.disabled = false;
    }
  }

  #switchOff(): void {
    this.#begin = undefined;
    this.#hint.textContent = words.off;
    this.#finish();
  }

  async #pick(): Promise<FileSystemFileHandle | undefined> {
    return this.#parts.pickFile?.({ suggestedName: `${fileName(this.#publisher?.stream ?? 'broadcast')}.mkv` });
  }

  #start(): void {
    const begin = this.#begin;
    if (begin === undefined || this.#publisher === undefined) return;
    this.#begin = undefined;
    const { publisher, stream } = this.#publisher;
    const copy = begin(publisher, fileName(stream));
    this.#copy = copy;
    copy.on('file', ({ name, number }) => {
      if (number === 1) return;
      const advice = `${name} goes on where the one before ends: one file can’t go on when the camera, the size, the quality or the connection changes. ${this.#isPicked ? 'It is given to you as a download at the end.' : ''}`;
      this.#notices.show('copy', 'info', { title: `The copy has ${String(number)} files by now.`, advice: advice.trim() });
    });
    copy.on('failed', ({ message }) => {
      const end = message.indexOf('. ') + 1;
      this.#notices.show('copy', 'warning', { title: message.slice(0, end), advice: message.slice(end + 1) });
      this.#box.checked = false;
      this.#switchOff();
    });
  }

  #finish(): void {
    const copy = this.#copy;
    this.#copy = undefined;
    if (copy === undefined) return;
    void copy.stop().then((files) => this.#tell(files));
    // A picked file has its broadcast; what the browser keeps has room for another.
    if (this.#box.checked && !this.#isPicked) void this.#prepareNext();
    else {
      this.#box.checked = false;
      this.#hint.textContent = words.off;
    }
  }

  async #prepareNext(): Promise<void> {
    const begin = await this.#parts.prepareCopy().catch(() => undefined);
    if (this.#box.checked) this.#begin ??= begin;
  }

  #tell(files: readonly CopiedFile[]): void {
    if (files.length === 0) return;
    const kept = files.filter(({ blob }) => blob !== undefined);
    this.#notices.show('copy-saved', 'info', {
      title: files.length === 1 ? 'There is a copy of your broadcast.' : `There is a copy of your broadcast, in ${String(files.length)} files.`,
      advice: files.map(({ name, byteLength, blob }) => `${name} (${byteSize(byteLength)})${blob ? ', as a download' : ', where you wanted it'}`).join('; ') + '.',
      actions: kept.length === 0 ? [] : [{ label: 'Save again', run: () => this.#save(kept) }, { label: 'It is saved', run: () => void this.#discard(kept, 'copy-saved') }],
    });
    this.#save(kept);
  }

  #save(files: readonly Saved[]): void {
    // Browsers that are given several at once keep the last.
    const [first, ...more] = files;
    if (first?.blob) this.#parts.save(first.blob, first.name);
    if (more.length > 0) setTimeout(() => this.#save(more), 500);
  }

  async #discard(files: readonly Saved[], code: string): Promise<void> {
    this.#notices.clear(code);
    await Promise.allSettled(files.map(({ discard }) => discard()));
  }
}

/** With the moment, by the clock on the wall: a copy never takes the place of another. */
function fileName(stream: string): string {
  const now = new Date();
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${stream}-${String(now.getFullYear())}-${two(now.getMonth() + 1)}-${two(now.getDate())}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

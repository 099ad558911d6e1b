import { installGlobals } from '../sdk/fake-document.js';

type Child = FakeHtml | string;

/** As much of an HTML element as the pages' pieces use: attributes, children, text, focus, what is pressed. */
export class FakeHtml extends EventTarget {
  readonly tagName: string;
  readonly attributes = new Map<string, string>();
  readonly classes = new Set<string>();
  readonly dataset: Record<string, string> = {};
  readonly style = { setProperty: (): void => undefined };
  children: Child[] = [];
  parent: FakeHtml | undefined;
  shadow: FakeHtml | undefined;
  isConnected = false;
  value = '';
  checked = false;
  disabled = false;
  readOnly = false;
  open = false;
  hidden = false;
  srcObject: unknown = null;
  scrollTop = 0;
  scrollHeight = 0;
  readonly clientHeight = 0;

  constructor(tagName = 'div') {
    super();
    this.tagName = tagName;
  }

  readonly classList = {
    toggle: (name: string, on: boolean): void => {
      if (on) this.classes.add(name);
      else this.classes.delete(name);
    },
  };

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join('');
  }

  set textContent(text: string) {
    this.replaceChildren(...(text === '' ? [] : [text]));
  }

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
    if (name === 'hidden') this.hidden = true;
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  append(...children: readonly Child[]): void {
    for (const child of children) this.#put(child, this.children.length);
  }

  prepend(child: Child): void {
    this.#put(child, 0);
  }

  replaceChildren(...children: readonly Child[]): void {
    this.children = [];
    this.append(...children);
  }

  remove(): void {
    if (this.parent !== undefined) this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = undefined;
  }

  contains(other: FakeHtml | undefined): boolean {
    for (let element = other; element !== undefined; element = element.parent) if (element === this) return true;
    return false;
  }

  focus(): void {
    page.activeElement = this;
  }

  scrollIntoView(): void {
    return;
  }

  showModal(): void {
    this.open = true;
  }

  play(): Promise<void> {
    return Promise.resolve();
  }

  /** Its inside. */
  attachShadow(): FakeHtml & { adoptedStyleSheets?: unknown } {
    this.shadow = new FakeHtml('shadow');
    return this.shadow;
  }

  close(): void {
    this.open = false;
    this.dispatchEvent(new Event('close'));
  }

  /** Everything below it, in the order of reading. */
  all(tagName?: string): FakeHtml[] {
    const below = this.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...child.all()]));
    return tagName === undefined ? below : below.filter((element) => element.tagName === tagName);
  }

  /** Presses the button with these words. */
  press(words: string): void {
    const button = this.all('button').find(({ textContent }) => textContent === words);
    if (button === undefined) throw new Error(`expected a button "${words}" in "${this.textContent}"`);
    button.dispatchEvent(new Event('click', { cancelable: true }));
  }

  say(event: 'click' | 'submit' | 'change' | 'input' | 'toggle'): void {
    this.dispatchEvent(new Event(event, { cancelable: true }));
  }

  #put(child: Child, at: number): void {
    if (typeof child !== 'string') {
      child.remove();
      child.parent = this;
    }
    this.children.splice(at, 0, child);
  }
}

const page: { activeElement: FakeHtml | undefined } = { activeElement: undefined };

export interface FakeHtmlPage {
  /** The page's own element with this id; made when it is asked for. */
  readonly the: (id: string) => FakeHtml;
  readonly focused: () => FakeHtml | undefined;
  readonly title: () => string;
}

/** A page that has an element of every id, each of every kind. */
export function installFakeDom(t: { teardown(restore: () => void): void }): FakeHtmlPage {
  const elements = new Map<string, FakeHtml>();
  page.activeElement = undefined;
  const the = (id: string): FakeHtml => {
    const known = elements.get(id) ?? new FakeHtml('div');
    elements.set(id, known);
    return known;
  };
  const document = Object.assign(new EventTarget(), {
    title: '',
    getElementById: the,
    createElement: (tagName: string) => new FakeHtml(tagName),
    createElementNS: (_namespace: string, tagName: string) => new FakeHtml(tagName),
  });
  Object.defineProperty(document, 'activeElement', { get: () => page.activeElement });
  const kinds = ['HTMLElement', 'HTMLButtonElement', 'HTMLDialogElement', 'HTMLVideoElement', 'HTMLDetailsElement', 'HTMLInputElement'];
  installGlobals(t, { document, ...Object.fromEntries(kinds.map((kind) => [kind, FakeHtml])) });
  return { the, focused: () => page.activeElement, title: () => document.title };
}

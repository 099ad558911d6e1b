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
  id = '';
  disabled = false;
  readOnly = false;
  open = false;
  hidden = false;
  srcObject: unknown = null;
  scrollTop = 0;
  scrollHeight = 0;
  readonly clientHeight = 0;
  /** What a page had set on an element before its class was there. */
  static setBefore: Readonly<Record<string, unknown>> = {};
  declare readonly attributeChangedCallback?: (name: string, before: string | null, now: string | null) => void;
  #value = '';
  #checked = false;

  constructor(tagName = 'div') {
    super();
    this.tagName = tagName;
    for (const [name, value] of Object.entries(FakeHtml.setBefore)) Object.defineProperty(this, name, { value, configurable: true, writable: true, enumerable: true });
  }

  readonly classList = {
    add: (name: string): void => void this.classes.add(name),
    toggle: (name: string, on: boolean): void => {
      if (on) this.classes.add(name);
      else this.classes.delete(name);
    },
  };

  get options(): { readonly value: string; readonly text: string }[] {
    return this.all('option').map((option) => ({ value: option.getAttribute('value') ?? '', text: option.textContent }));
  }

  /** A select takes only what it has. */
  get value(): string {
    return this.#value;
  }

  set value(value: string) {
    const { options } = this;
    this.#value = options.length === 0 || options.some((option) => option.value === value) ? value : '';
  }

  get checked(): boolean {
    return this.#checked;
  }

  /** Of the radio buttons of one name, one. */
  set checked(checked: boolean) {
    const others = checked && this.getAttribute('type') === 'radio' ? (this.parent?.all('input') ?? []) : [];
    for (const other of others) if (other.getAttribute('name') === this.getAttribute('name')) other.#checked = false;
    this.#checked = checked;
  }

  get textContent(): string {
    return this.children.map((child) => (typeof child === 'string' ? child : child.textContent)).join('');
  }

  set textContent(text: string) {
    this.replaceChildren(...(text === '' ? [] : [text]));
  }

  setAttribute(name: string, value: string): void {
    const before = this.getAttribute(name);
    this.attributes.set(name, value);
    if (name === 'hidden') this.hidden = true;
    this.#tellAttribute(name, before);
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name: string): void {
    const before = this.getAttribute(name);
    this.attributes.delete(name);
    this.#tellAttribute(name, before);
  }

  get parentElement(): FakeHtml | undefined {
    return this.parent;
  }

  /** Of a list of `tag[name=value][name]:checked`; of a name without a value, the property. */
  querySelectorAll(selectors: string): FakeHtml[] {
    const parsed = selectors.split(',').map((selector) => ({
      tagName: /^[a-z-]+/.exec(selector.trim())?.[0],
      tests: [...selector.matchAll(/\[([a-z]+)(?:=([^\]]+))?\]|:(checked)/g)].map(([, name, value, state]) => ({ name: name ?? state ?? '', value })),
    }));
    const has = (element: FakeHtml, name: string, value: string | undefined): boolean =>
      value === undefined ? (element as unknown as Record<string, unknown>)[name] === true : element.getAttribute(name) === value;
    return this.all().filter((element) => parsed.some(({ tagName, tests }) => (tagName ?? element.tagName) === element.tagName && tests.every(({ name, value }) => has(element, name, value))));
  }

  querySelector(selectors: string): FakeHtml | null {
    return this.querySelectorAll(selectors)[0] ?? null;
  }

  before(sibling: FakeHtml): void {
    const { parent } = this;
    if (parent !== undefined) parent.#put(sibling, parent.children.indexOf(this));
  }

  select(): void {
    return;
  }

  click(): void {
    this.say('click');
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

  getBoundingClientRect(): { readonly right: number; readonly top: number } {
    return { right: 0, top: 0 };
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

  /** The event happens here, and goes up as in a page. */
  say(name: 'click' | 'submit' | 'change' | 'input' | 'toggle' | 'volumechange' | 'playing' | 'pause'): void {
    const bubbles = ['click', 'submit', 'change', 'input'].includes(name);
    let goesOn = bubbles;
    const stopPropagation = (): void => void (goesOn = false);
    const event = Object.defineProperties(new Event(name, { cancelable: true, bubbles }), { target: { value: this }, stopPropagation: { value: stopPropagation } });
    this.dispatchEvent(event);
    for (let above = this.parent; above !== undefined && goesOn; above = above.parent) above.dispatchEvent(event);
  }

  #tellAttribute(name: string, before: string | null): void {
    const { observedAttributes = [] } = this.constructor as { readonly observedAttributes?: readonly string[] };
    if (observedAttributes.includes(name)) this.attributeChangedCallback?.(name, before, this.getAttribute(name));
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

/**
 * A page that has an element of every id, each of every kind.
 * @param makes elements of these tags, where one does more than others
 */
export function installFakeDom(t: { teardown(restore: () => void): void }, makes: Readonly<Record<string, new (tagName: string) => FakeHtml>> = {}): FakeHtmlPage {
  const elements = new Map<string, FakeHtml>();
  page.activeElement = undefined;
  const the = (id: string): FakeHtml => {
    const known = elements.get(id) ?? new FakeHtml('div');
    elements.set(id, known);
    known.id = id;
    return known;
  };
  const body = new FakeHtml('body');
  const document = Object.assign(new EventTarget(), {
    title: '',
    hidden: false,
    baseURI: 'https://page.example/',
    body,
    querySelector: (selectors: string) => body.querySelector(selectors),
    getElementById: the,
    createElement: (tagName: string) => new (makes[tagName] ?? FakeHtml)(tagName),
    createElementNS: (_namespace: string, tagName: string) => new FakeHtml(tagName),
  });
  Object.defineProperty(document, 'activeElement', { get: () => page.activeElement });
  const kinds = ['HTMLElement', 'HTMLButtonElement', 'HTMLDialogElement', 'HTMLVideoElement', 'HTMLDetailsElement', 'HTMLInputElement', 'HTMLFormElement', 'HTMLSelectElement', 'HTMLFieldSetElement', 'HTMLTextAreaElement', 'HTMLOutputElement'];
  installGlobals(t, { document, ...Object.fromEntries(kinds.map((kind) => [kind, FakeHtml])) });
  return { the, focused: () => page.activeElement, title: () => document.title };
}

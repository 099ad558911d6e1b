const { HTMLElement: ElementOfBrowser, customElements: registry } = globalThis as Partial<typeof globalThis>;

/** What elements are made of; on a server, where there are none, a class that is never made, so that the module can be imported. */
export const HostElement: typeof HTMLElement = ElementOfBrowser ?? (Object as unknown as typeof HTMLElement);

/** Once a page, however many copies of the module it has. */
export function defineElement(name: string, element: CustomElementConstructor): void {
  if (registry !== undefined && registry.get(name) === undefined) registry.define(name, element);
}

/** An element's inside, with its own style: not as markup, so that a page's Content-Security-Policy has nothing against it. */
export function openShadow(host: HTMLElement, css: string, ...children: readonly Node[]): void {
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  root.append(...children);
}

/**
 * Runs when an element has left the page for good: frameworks take elements out and put them back in one go, to move them or to
 * try their effects twice.
 */
export function afterLeaving(element: HTMLElement, run: () => void): void {
  queueMicrotask(() => {
    if (!element.isConnected) run();
  });
}

/** The words that a page set as this property before the element's class was there: taken out of the way of the class's own. */
export function takeSetBefore(host: HTMLElement, name: string): string | undefined {
  const value: unknown = Object.getOwnPropertyDescriptor(host, name)?.value;
  Reflect.deleteProperty(host, name);
  return typeof value === 'string' ? value : undefined;
}

/** `muted="false"`: so some frameworks write what is not to be. */
export function isOn(attribute: string | null): boolean {
  return attribute !== null && attribute !== 'false';
}

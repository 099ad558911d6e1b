type Children = readonly (Node | string)[];

/** Makes an element: `element('p', { class: 'soft' }, 'text')`. Attributes only, so nothing is ever parsed as HTML. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: Children
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, '');
    else if (value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * The page's own element with this id.
 * @throws {Error} when the page has none, or one of another kind
 */
export function byId<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`expected a ${kind.name} with the id "${id}", got ${found?.tagName ?? 'nothing'}`);
  return found;
}

/** What other sites show of a page when somebody shares its address. */
export interface LinkPreview {
  readonly title: string;
  readonly description: string | undefined;
  /** Absolute address of the page itself. */
  readonly url: string;
  /** Absolute address of a picture; undefined where there is none for everybody. */
  readonly image: string | undefined;
  /** Where the code that embeds the player is told (oEmbed 1.0 §4); undefined where there is none. */
  readonly oembed: string | undefined;
}

/** A page with its title and the Open Graph and oEmbed links that programs look for in its head. */
export function withLinkPreview(html: string, { title, description, url, image, oembed }: LinkPreview): string {
  const head = [
    meta('property', 'og:site_name', 'Onair'),
    meta('property', 'og:type', 'video.other'),
    meta('property', 'og:title', title),
    meta('property', 'og:url', url),
    ...(image === undefined ? [] : [meta('property', 'og:image', image)]),
    ...(description === undefined ? [] : [meta('property', 'og:description', description), meta('name', 'description', description)]),
    meta('name', 'twitter:card', image === undefined ? 'summary' : 'summary_large_image'),
    ...(oembed === undefined ? [] : [`<link rel="alternate" type="application/json+oembed" title="${escaped(title)}" href="${escaped(oembed)}" />`]),
  ];
  return html.replace(/<title>[^<]*<\/title>/, () => [`<title>${escaped(title)} · Onair</title>`, ...head].join('\n    '));
}

function meta(kind: 'property' | 'name', key: string, value: string): string {
  return `<meta ${kind}="${key}" content="${escaped(value)}" />`;
}

/** What somebody else wrote is text in a page, never markup. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${String(sign.charCodeAt(0))};`);
}

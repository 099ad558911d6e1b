/** What stands behind `rtmp://HOST/live/`: the stream's name, and what is said about it. */
export interface PublishTarget {
  readonly stream: string;
  /** `key` as it was written, and as it was meant. */
  readonly keys: readonly string[];
  /** All other parameters. */
  readonly query: Readonly<Record<string, string>>;
}

/** Of the application and the stream key: what is longer is no name and has no key. */
const maxCharacters = 4096;
const maxParameters = 64;

/** The only application there is. */
export const application = 'live';

/**
 * Takes `NAME?key=…` apart; encoders that ask for one address may have put the parameters behind the application.
 * @param app of `connect` @param name of `publish`
 */
export function readPublishTarget(app: string, name: string): PublishTarget {
  if (app.length + name.length > maxCharacters) return { stream: '', keys: [], query: {} };
  const [stream = '', ...more] = name.split('?');
  const [, ...ofApp] = app.split('?');
  const pairs = [...more, ...ofApp].flatMap((query) => query.split('&')).slice(0, maxParameters).map(readPair);
  const keys = pairs.flatMap(({ key, value, written }) => (key === 'key' ? [...new Set([value, written])] : []));
  const query = Object.fromEntries(pairs.flatMap(({ key, value }) => (key === 'key' || key === '' ? [] : [[key, value] as const])));
  return { stream: decode(stream).replace(/^\/+/, '') || instanceOf(app), keys, query };
}

/** `connect` names it with what some encoders hang onto it: a slash, the stream's name, parameters. */
export function isApplication(app: string): boolean {
  return applicationPath.test(app.split('?')[0] ?? '');
}

const applicationPath = new RegExp(`^/?${application}(?:/(.*))?$`);

/** An address without a stream key has the stream's name in the application. */
function instanceOf(app: string): string {
  return decode(applicationPath.exec(app.split('?')[0] ?? '')?.[1] ?? '');
}

function readPair(pair: string): { key: string; value: string; written: string } {
  const at = pair.indexOf('=');
  const [name, written] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  return { key: decode(name), value: decode(written), written };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

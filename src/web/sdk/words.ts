/** Everything the player and the chat say to people: what each code is about. */
export interface NoticeParams {
  'server-unreachable': { readonly status: number | undefined };
  'broadcast-starting': object;
  'broadcaster-away': object;
  'page-hidden': object;
  'network-slow': object;
  /** The viewer's line carries less than the stream has: another path, with seconds in hand. */
  'line-too-slow': object;
  'browser-unsupported': object;
  'no-path-worked': { readonly failures: readonly PathFailureOf[] };
  'chat-unreachable': { readonly status: number | undefined };
  'chat-forbidden': object;
  'chat-full': object;
  'chat-lost': object;
}

export type NoticeCode = keyof NoticeParams;
export type ChatNoticeCode = Extract<NoticeCode, `chat-${string}`>;

/** Something said to a person: `code` and `params` for programs and other languages, `message` in words. */
export interface Notice<Code extends NoticeCode = NoticeCode> {
  readonly code: Code;
  readonly params: NoticeParams[Code];
  readonly message: string;
}

/** Why one way to play did not work. */
export type PathFailureCode =
  | 'socket-refused'
  | 'socket-blocked'
  | 'connection-lost'
  | 'nothing-to-play'
  | 'codecs-unsupported'
  | 'media-error'
  | 'no-picture'
  | 'picture-stands-still'
  | 'line-too-slow'
  | 'path-unsupported'
  | 'hls-error'
  | 'player-not-loaded';

export interface PathFailure {
  readonly code: PathFailureCode;
  /** The browser's or the server's own words, or a type of media; not translated. */
  readonly detail?: string | undefined;
}

export interface PathFailureOf extends PathFailure {
  readonly path: 'websocket' | 'hls' | 'native';
}

export interface Words {
  readonly notices: { readonly [Code in NoticeCode]: (params: NoticeParams[Code]) => string };
  readonly failures: Readonly<Record<PathFailureCode, (detail: string) => string>>;
  readonly paths: Readonly<Record<PathFailureOf['path'], string>>;
}

export const answered = (status: number | undefined): string => (status === undefined ? 'the server does not answer' : `the server answered ${status}`);

/** The chat's words stand beside the chat: a page that only plays does not load them. */
const english: Omit<Words, 'notices'> & { readonly notices: Omit<Words['notices'], ChatNoticeCode> } = {
  notices: {
    'server-unreachable': ({ status }) => `Can't reach the server: ${answered(status)}. Trying again.`,
    'broadcast-starting': () => 'The broadcast is starting.',
    'broadcaster-away': () => 'The broadcaster lost the connection and may come back.',
    'page-hidden': () => 'The broadcast is live. The picture starts when this page is shown.',
    'network-slow': () => 'The picture is waiting for the network.',
    'line-too-slow': () => 'Your connection is slower than this stream: it plays on by HLS, further behind live, and may stop at times.',
    'browser-unsupported': () => "This browser can't play this stream. Try a current Chrome, Edge, Firefox or Safari, or open the HLS link in VLC. Trying again by itself.",
    'no-path-worked': ({ failures }) => `No way to play this stream worked (${failuresInWords(failures)}). Try a current Chrome, Edge, Firefox or Safari, or open the HLS link in VLC. Trying again by itself.`,
  },
  failures: {
    'socket-refused': (said) => (said === '' ? 'the server refused the socket' : `the server refused the socket: ${said}`),
    'socket-blocked': () => 'the socket could not be opened',
    'connection-lost': () => 'the connection was lost and did not come back',
    'nothing-to-play': () => 'the server had nothing to play',
    'codecs-unsupported': (type) => `this browser can't play ${type}`,
    'media-error': (said) => (said === '' ? 'the browser could not decode the media' : said),
    'no-picture': () => 'no picture came',
    'picture-stands-still': () => 'media came in, but the picture stood still',
    'line-too-slow': () => 'the connection is slower than the stream',
    'path-unsupported': () => "this browser can't do that",
    'hls-error': (said) => said,
    'player-not-loaded': (said) => `the program for it did not load; loading this page anew may help (${said})`,
  },
  paths: { websocket: 'WebSocket', hls: 'HLS (hls.js)', native: 'HLS (native)' },
};

let translated: { readonly [Part in keyof Words]?: Partial<Words[Part]> } = {};

/** Says it in another language, or otherwise, from now on; what is left out stays English. */
export function setWords(own: { readonly [Part in keyof Words]?: Partial<Words[Part]> }): void {
  translated = own;
}

/** A notice in the words of `setWords`, or else in these. */
export function noticeIn<Code extends NoticeCode>(ownWords: { readonly [Each in Code]: (params: NoticeParams[Each]) => string }, code: Code, params: NoticeParams[Code]): Notice<Code> {
  return { code, params, message: (translated.notices?.[code] ?? ownWords[code])(params) };
}

export function notice<Code extends Exclude<NoticeCode, ChatNoticeCode>>(code: Code, params: NoticeParams[Code]): Notice<Code> {
  return noticeIn(english.notices, code, params);
}

/** Why there is nothing to play, where the stream's state says it. */
export function waitingNotice(state: 'starting' | 'live' | 'waiting' | 'ended' | undefined): Notice | undefined {
  if (state === 'starting') return notice('broadcast-starting', {});
  return state === 'waiting' ? notice('broadcaster-away', {}) : undefined;
}

export function pathLabel(path: PathFailureOf['path']): string {
  return translated.paths?.[path] ?? english.paths[path];
}

export function failuresInWords(failures: readonly PathFailureOf[]): string {
  return failures.map(({ path, code, detail = '' }) => `${pathLabel(path)}: ${(translated.failures?.[code] ?? english.failures[code])(detail)}`).join('; ');
}

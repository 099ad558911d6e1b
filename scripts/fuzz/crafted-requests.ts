/** Texts of a request as bad as can be thought of: a URL, its query or a header of about so many characters. */
export function headerTexts(length: number): readonly (readonly [idea: string, text: string])[] {
  const filled = (text: string): string => text.repeat(Math.max(1, Math.floor(length / text.length)));
  return [
    ['question marks', `/live/cam/index.m3u8${filled('?')}`],
    ['marks of a query', `/live/cam/index.m3u8?${filled('&')}`],
    ['names without a value', `/live/cam/index.m3u8?${filled('a&')}`],
    ['one name without an end', `/live/cam/index.m3u8?${filled('a')}`],
    ['values without an end', `/live/cam/index.m3u8?${filled('a=')}`],
    ['tokens', filled('/~')],
    ['percent signs', `/live/cam?${filled('%')}=1`],
    ['letters that are escaped', `/live/cam?${filled('%6B')}=1`],
    ['letters that are escaped wrongly', `/live/cam?${filled('%C3&')}=1`],
    ['names that are escaped wrongly', `/live/cam?${filled('%C3=&')}`],
    ['spaces, and then nothing', `gzip${' '.repeat(length)}x`],
    ['spaces at every other place', filled(' a')],
    ['codings', filled('a,')],
    ['weights', filled(';q=')],
    ['digits', `bytes=${'9'.repeat(length)}-`],
    ['many ranges', `bytes=${filled('0-1,')}`],
    ['spaces before a range', `${' '.repeat(length)}bytes=0-1`],
    ['zeros and colons', filled('0:')],
    ['slashes', filled('/')],
    ['dots', filled('../')],
  ];
}

/** A picture as text, of about so many characters. */
export function pictureUrls(length: number): readonly (readonly [idea: string, text: string])[] {
  return [
    ['letters that are base64', `data:image/jpeg;base64,${'A'.repeat(length)}`],
    ['letters that are, but for the last', `data:image/jpeg;base64,${'A'.repeat(length)}!`],
    ['parameters', `data:${';a=b'.repeat(length / 4)},`],
    ['a head without an end', `data:${'a'.repeat(length)}`],
    ['padding', `data:image/jpeg;base64,${'='.repeat(length)}`],
    ['spaces', `data:${' '.repeat(length)},`],
  ];
}

/** Pictures as bad as can be thought of, of about so many bytes. */
export function jpegs(length: number): readonly (readonly [idea: string, bytes: Buffer])[] {
  const start = Buffer.from([0xff, 0xd8]);
  return [
    ['bytes that only fill', Buffer.concat([start, Buffer.alloc(length, 0xff)])],
    ['segments of nothing', Buffer.concat([start, Buffer.alloc(length - (length % 4)).fill(Buffer.from([0xff, 0xe0, 0, 2]))])],
    ['segments of no length', Buffer.concat([start, Buffer.alloc(length - (length % 4)).fill(Buffer.from([0xff, 0xe0, 0, 0]))])],
    ['markers without a segment', Buffer.concat([start, Buffer.alloc(length - (length % 2)).fill(Buffer.from([0xff, 0xd0]))])],
    ['sizes', Buffer.concat([start, Buffer.alloc(length - (length % 11)).fill(Buffer.from([0xff, 0xc0, 0, 9, 8, 1, 0, 1, 0, 1, 1]))])],
    ['a scan without an end', Buffer.concat([start, Buffer.from([0xff, 0xc0, 0, 9, 8, 1, 0, 1, 0, 1, 1, 0xff, 0xda, 0, 2]), Buffer.alloc(length)])],
  ];
}

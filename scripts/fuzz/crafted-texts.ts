/** Texts of a chat as bad as can be thought of, of about so many UTF-16 units: marks to be put in order, signs to be left out, letters that grow. */
export function chatTexts(length: number): readonly (readonly [idea: string, text: string])[] {
  const half = length >> 1;
  const filled = (text: string): string => text.repeat(Math.max(1, Math.floor(length / text.length)));
  return [
    ['two runs of marks, the second to be put before the first', `a${'\u0315'.repeat(half)}${'\u0316'.repeat(half)}`],
    ['marks in falling classes', `a${filled('\u0345\u0315\u0301\u031b\u0316\u0321\u0334')}`],
    ['stacks of sixteen marks, each in falling classes', filled(`a${'\u0315'.repeat(8)}${'\u0316'.repeat(8)}`)],
    ['signs that become eighteen', filled('\ufdfa')],
    ['letters that fall apart and are put together again', filled('\u1e9b\u0323')],
    ['Hangul in pieces', filled('\u1100\u1161\u11a8')],
    ['joiners alone', filled('\u200d')],
    ['endless families', filled('\u{1f469}\u200d')],
    ['a space at every other place', filled(' a')],
    ['spaces, and then nothing', `a${' '.repeat(length)}`],
    ['variants', filled('1\ufe0f')],
    ['what is not seen', filled('\u202e\u2066\u3164')],
    ['halves of signs', filled('\ud800')],
  ];
}

/** JSON as bad as can be thought of for a message, of about so many characters. */
export function jsonTexts(length: number): readonly (readonly [idea: string, text: string])[] {
  const filled = (text: string): string => text.repeat(Math.max(1, Math.floor(length / text.length)));
  return [
    ['lists in lists', `${'['.repeat(length >> 1)}${']'.repeat(length >> 1)}`],
    ['lists that do not end', '['.repeat(length)],
    ['objects in objects', `${'{"a":'.repeat(Math.floor(length / 6))}1${'}'.repeat(Math.floor(length / 6))}`],
    ['many names', `{"type":"message",${Array.from({ length: Math.floor(length / 10) }, (_, index) => `"n${index}":0`).join(',')}}`],
    ['one name, again and again', `{"type":"message",${filled('"text":"",')}"text":""}`],
    ['many small lists', `[${filled('[],')}[]]`],
    ['escapes', `{"type":"message","text":"${filled('\\u0315')}"}`],
    ['numbers of many digits', `{"type":"delete","id":${'9'.repeat(length)}}`],
    ['a fraction of many digits', `{"type":"delete","id":0.${'1'.repeat(length)}e-300}`],
    ['spaces', `{"type":"ping"}${' '.repeat(length)}`],
  ];
}

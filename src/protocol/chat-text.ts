export const maxNameCharacters = 32;
export const maxTextCharacters = 300;

/** What is left out of a text or put together may be so many times what stays; what is longer is not looked at. */
const longestRatio = 4;
/** Putting marks in order costs the square of their number: no script stacks so many, even before letters and marks are composed. */
const endlessMarks = /(\p{M}{16})\p{M}+/gu;
/** Stacked accents beyond this many reach over the lines around them. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu;
/** Joiners hold families of emoji together, and letters of some scripts; anywhere else they only hide. */
const strayJoiner = /(?<![\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}\u{FE0F}])[\u{200C}\u{200D}]|[\u{200C}\u{200D}](?![\p{L}\p{Extended_Pictographic}])/gu;
const anyJoiner = /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\u{FE0F}])[\u{200C}\u{200D}]|[\u{200C}\u{200D}](?!\p{Extended_Pictographic})/gu;
/** What says whether a sign is drawn as a picture has its place after such a sign only. */
const strayVariant = /(?<![\p{Emoji}\p{Extended_Pictographic}])[\u{FE0E}\u{FE0F}]/gu;
const space = /[\s\p{Z}\u{2800}\p{Cc}]+/gu;
/** Bidi overrides and isolates, zero widths, fillers, tags, private and broken characters: all that is not seen. */
const unseen = /(?![\u{200C}\u{200D}\u{FE0E}\u{FE0F}])[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/gu;
const somethingSeen = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * A name as everybody sees it: 1 to 32 characters on one line.
 * @throws {TypeError} saying what was expected and what came
 */
export function readChatName(came: string): string {
  return readLine('a name', came, anyJoiner, maxNameCharacters);
}

/**
 * What somebody said, as everybody sees it: 1 to 300 characters on one line.
 * @throws {TypeError} saying what was expected and what came
 */
export function readChatText(came: string): string {
  return readVisibleLine('a message', came, maxTextCharacters);
}

/**
 * One line of text by somebody else, as everybody sees it.
 * @param what it is, for the words of a refusal: "a title"
 * @throws {TypeError} saying what was expected and what came
 */
export function readVisibleLine(what: string, came: string, maxCharacters: number): string {
  return readLine(what, came, strayJoiner, maxCharacters);
}

/** Names with the same likeness look alike, or nearly: case, accents, spaces, digits and letters of other alphabets that pass for Latin ones. */
export function likenessOf(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  const latin = Array.from(plain, (letter) => lookalikes.get(letter) ?? letter).join('');
  return latin === '' ? name : latin;
}

const lookalikes = new Map(
  Object.entries({ a: 'аα', b: 'вβь', c: 'сϲ', d: 'ԁ', e: 'еєε', h: 'нһη', i: 'іιїl1ı', j: 'ј', k: 'кκ', m: 'мϻ', n: 'ո', o: '0оοσө', p: 'рρ', r: 'гᴦ', s: '5ѕ', t: 'тτ', u: 'υս', v: 'ѵν', w: 'ԝω', x: 'хχ', y: 'уγү', z: 'ᴢ' }).flatMap(([letter, alike]) =>
    Array.from(alike, (each) => [each, letter] as const),
  ),
);

function clean(came: string, joiner: RegExp): string {
  return came
    .replace(space, ' ')
    .replace(unseen, '')
    .replace(joiner, '')
    .replace(strayVariant, '')
    .replace(endlessMarks, '$1')
    // Not before: what lay between two signs may have kept them from being one.
    .normalize('NFC')
    .replace(stackedMarks, '$1')
    .replace(/ {2,}/g, ' ')
    .trim();
}

function readLine(what: string, came: string, joiner: RegExp, maxCharacters: number): string {
  // The length first: nothing else here may be done to a text of any length.
  const longest = longestRatio * maxCharacters;
  if (came.length > longest) throw new TypeError(`expected ${what} of 1 to ${maxCharacters} characters, got more than ${longest}`);
  const text = clean(came, joiner);
  const { length } = Array.from(text);
  if (!somethingSeen.test(text)) throw new TypeError(`expected ${what} of 1 to ${maxCharacters} visible characters, got none`);
  if (length > maxCharacters) throw new TypeError(`expected ${what} of 1 to ${maxCharacters} characters, got ${length}`);
  return text;
}

import { readVisibleLine } from './chat-text.js';

/** What a live stream is about, in its publisher's words; either may be absent. */
export interface StreamDescription {
  /** 1 to 100 visible characters on one line. */
  readonly title?: string;
  /** 1 to 2000 visible characters, in lines. */
  readonly description?: string;
}

/** As it came: a text replaces the one of before, an empty one takes it away, an absent one leaves it. */
export interface DescriptionChange {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

export const maxTitleCharacters = 100;
export const maxDescriptionCharacters = 2000;
const maxDescriptionLines = 40;

/**
 * What a description is after a change, cleaned of all that is not seen or hides what is.
 * @throws {TypeError} saying what was expected and what came; nothing is changed then
 */
export function changeDescription(before: StreamDescription, change: DescriptionChange): StreamDescription {
  const title = change.title === undefined ? before.title : readTitle(change.title);
  const description = change.description === undefined ? before.description : readDescription(change.description);
  return { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
}

function readTitle(came: string): string | undefined {
  return came.trim() === '' ? undefined : readVisibleLine('a title', came, maxTitleCharacters);
}

function readDescription(came: string): string | undefined {
  // Length comes before anything that looks at every character more than once.
  if (came.length > 4 * maxDescriptionCharacters) throw new TypeError(`expected a description of at most ${maxDescriptionCharacters} characters, got ${came.length}`);
  const lines = came.split('\n', maxDescriptionLines + 1).map((line) => (line.trim() === '' ? '' : readVisibleLine('a line of a description', line, maxDescriptionCharacters)));
  if (lines.length > maxDescriptionLines) throw new TypeError(`expected a description of at most ${maxDescriptionLines} lines, got more`);
  const text = lines.join('\n').trim();
  const { length } = Array.from(text);
  if (length > maxDescriptionCharacters) throw new TypeError(`expected a description of at most ${maxDescriptionCharacters} characters, got ${length}`);
  return text === '' ? undefined : text;
}

const keptLines = 20;
const maxLineLength = 500;

/** Common ends of ffmpeg, in words for a broadcaster. Only asked after a failure: ffmpeg also warns when all is well. */
const explanations: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/Invalid data found|moov atom not found|EBML header parsing failed|Error opening input/i, 'The recording could not be read'],
  [/matches no streams|does not contain any stream/i, 'The recording holds no picture and no sound that could be found'],
  [/Unknown (encoder|decoder)|Decoder .* not found|no decoder/i, 'The codec of the recording is not known to this ffmpeg'],
  [/Unrecognized option|Option .* not found|Unknown input format/i, 'This ffmpeg does not know an option it was given; it may be too old'],
  [/Cannot allocate memory|Resource temporarily unavailable/i, 'The server has no memory or processes left for another broadcast'],
  [/Error while opening encoder|Could not open encoder/i, 'The picture or sound could not be encoded'],
];

/** What ffmpeg says of every healthy live input, and which would hide the reason. */
const chatter = /is deprecated|not enough frames to estimate rate|Error parsing Opus packet header/;

/** Keeps the end of what ffmpeg writes to its stderr, in bounded memory. */
export class LastWords {
  readonly #lines: string[] = [];
  #open = '';

  add(chunk: string): void {
    const lines = (this.#open + chunk).split(/[\r\n]+/);
    this.#open = (lines.pop() ?? '').slice(0, maxLineLength);
    for (const line of lines) this.#keep(line);
  }

  get lines(): readonly string[] {
    return this.#open === '' ? this.#lines : [...this.#lines, this.#open];
  }

  /** Why it died, beginning with `otherwise` when nothing better is known. */
  explain(otherwise: string): string {
    const lines = this.lines;
    const known = explanations.find(([pattern]) => lines.some((line) => pattern.test(line)));
    const last = (known && lines.findLast((line) => known[0].test(line))) ?? lines.at(-1);
    const words = known?.[1] ?? otherwise;
    return last === undefined ? words : `${words}: ${last.replace(/^\[[^\]]*\] /, '')}`;
  }

  #keep(line: string): void {
    if (line.trim() === '' || chatter.test(line)) return;
    this.#lines.push(line.slice(0, maxLineLength));
    if (this.#lines.length > keptLines) this.#lines.shift();
  }
}

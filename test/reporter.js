import { writeSync } from 'node:fs';
import { Transform } from 'node:stream';
import { Parser } from 'tap-parser';

/** @typedef {import('tap-parser').Result} Result */

/**
 * One line a test file, every failure in full, every skipped test by name; in the end the files that failed, a line
 * each (`failed: test/...`), since a log is often read from its end; the last line of the run is `N passed, N failed`. A test is a point at the top of its file; a file that breaks without one counts as one failure.
 */
export default class Reporter extends Transform {
  #passed = 0;
  #failed = 0;
  /** Names of tests that were skipped, by the reason. @type {Map<string, string[]>} */
  #skipped = new Map();
  #parser = new Parser();
  /** @type {Map<string, { passed: number, failed: number }>} */
  #files = new Map();
  /** @type {Result[]} */
  #failures = [];
  /** @type {string[]} */
  #failedFiles = [];

  constructor() {
    super();
    this.#parser.on('child', (child) => this.#watchFile(child));
    this.#parser.on('assert', (result) => this.#closeFile(result));
    this.#parser.on('bailout', (reason) => {
      this.#failed++;
      this.push(`Bail out! ${reason}\n`);
    });
    // Written at the very end: the runner still has a line of its own to say after the stream of results.
    process.on('exit', (code) => {
      // Where all was to be tried, leaving something out is a failure.
      const leftOut = process.env.ONAIR_TEST_ALL === '1' ? this.#skipped.size : 0;
      const failed = (this.#failed === 0 && code !== 0 ? 1 : this.#failed) + leftOut;
      if (failed > 0) process.exitCode = code || 1;
      const failedFiles = this.#failedFiles.map((file) => `failed: ${file}\n`).join('');
      writeSync(1, `\n${summary(this.#skipped)}${failedFiles}${this.#passed} passed, ${failed} failed\n`);
    });
  }

  /** @param {Buffer} chunk @param {BufferEncoding} encoding @param {() => void} done */
  _transform(chunk, encoding, done) {
    this.#parser.write(chunk);
    done();
  }

  /** @param {() => void} done */
  _flush(done) {
    this.#parser.end();
    done();
  }

  /** @param {Parser} file */
  #watchFile(file) {
    const counts = { passed: 0, failed: 0 };
    file.on('assert', (result) => {
      if (result.skip || result.todo) return;
      if (result.ok) counts.passed++;
      else counts.failed++;
    });
    file.on('bailout', () => counts.failed++);
    this.#watch(file);
    this.#files.set(file.name, counts);
  }

  /** @param {Parser} parser */
  #watch(parser) {
    let failuresBeforeChild = 0;
    parser.on('child', (child) => {
      failuresBeforeChild = this.#failures.length;
      this.#watch(child);
    });
    parser.on('assert', (result) => {
      const reason = result.skip || result.todo;
      const alreadyTold = result.closingTestPoint && this.#failures.length > failuresBeforeChild;
      if (reason) this.#skip(typeof reason === 'string' ? reason : 'without a reason', result.fullname);
      else if (!result.ok && !alreadyTold) this.#failures.push(result);
    });
  }

  /** @param {string} reason @param {string} name */
  #skip(reason, name) {
    const names = this.#skipped.get(reason);
    if (names) names.push(name);
    else this.#skipped.set(reason, [name]);
  }

  /** @param {Result} result */
  #closeFile(result) {
    const counts = this.#files.get(result.name) ?? { passed: 0, failed: 0 };
    this.#files.delete(result.name);
    if (!result.ok && counts.failed === 0) {
      counts.failed = 1;
      this.#failures.push(result);
    }
    this.#passed += counts.passed;
    this.#failed += counts.failed;
    if (counts.failed > 0) this.#failedFiles.push(result.name);
    const seconds = ((result.time ?? 0) / 1000).toFixed(1);
    const failed = counts.failed === 0 ? '' : `, ${counts.failed} failed`;
    this.push(`${result.ok ? '✓' : '✗'} ${result.name} (${counts.passed} passed${failed}, ${seconds} s)\n`);
    for (const failure of this.#failures.splice(0)) this.push(describe(failure));
  }
}

/** What was not tried, and what it takes to try it. @param {ReadonlyMap<string, readonly string[]>} skipped */
function summary(skipped) {
  if (skipped.size === 0) return '';
  const reasons = [...skipped].map(([reason, names]) => `  ${reason}:\n${names.map((name) => `    skipped: ${name}\n`).join('')}`);
  return `Not tried here; all that is needed for them on Debian 12 is installed by .ci/run:\n${reasons.join('')}\n`;
}

/** @param {Result} failure */
function describe(failure) {
  const { at, source: _source, stack, diff, ...rest } = failure.diag ?? {};
  const lines = [
    at?.fileName ? `at ${at.fileName}:${at.lineNumber}` : '',
    failure.tapError ?? '',
    diff ?? (Object.keys(rest).length > 0 ? JSON.stringify(rest, null, 2) : ''),
    stack ?? '',
  ];
  const details = lines.filter(Boolean).join('\n').trimEnd();
  return `    ✗ ${failure.fullname}\n${details.replace(/^/gm, '        ')}\n`;
}

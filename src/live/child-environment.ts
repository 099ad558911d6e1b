/** What programs and their libraries are found by; on Windows a process does not start without the last two. */
const names = ['PATH', 'HOME', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'DYLD_FALLBACK_LIBRARY_PATH', 'TMPDIR', 'LANG', 'TZ', 'SystemRoot', 'TEMP'];

/** The environment of a child process: the server's own holds keys, and a program that reads strangers' bytes needs none of them. */
export function childEnvironment(own: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(names.flatMap((name) => (own[name] === undefined ? [] : [[name, own[name]]])));
}

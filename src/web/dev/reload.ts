import { BuildWatch } from './build-watch.js';

// Put into every page by `npm run dev`, and into nothing that is built to be served.
const everyMs = 500;

/** Beside the page's own script; pages of others that use the SDK have none. */
const script = document.querySelector<HTMLScriptElement>('script[type="module"][src*="assets/"]');

if (script !== null) {
  const listOfBuild = new URL('build.json', script.src);
  const watch = new BuildWatch({
    newestBuild: async () => {
      const { ok, headers } = await fetch(listOfBuild, { method: 'HEAD', cache: 'no-store' });
      const tag = ok ? headers.get('etag') : null;
      if (tag === null) throw new Error('expected the server to have a build');
      return tag;
    },
    reload: () => location.reload(),
  });
  const lookAgain = (): void => void watch.look().then(() => setTimeout(lookAgain, everyMs));
  lookAgain();
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { watchNumbers } from './player-page.js';

export interface PlainPageOptions {
  readonly hlsUrl: string;
  /** hls.js' own, beside its defaults. */
  readonly config: Readonly<Record<string, number>>;
}

/** A page that plays by hls.js and nothing else, and keeps when each picture was shown. */
export function plainPage({ hlsUrl, config }: PlainPageOptions): string {
  const hls = readFileSync(createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'), 'utf8').replaceAll('</script', '<\\/script');
  return `<!doctype html><meta charset="utf-8"><title>hls.js</title>
<style>body { margin: 0 } video { width: 640px }</style>
<video id="video" muted playsinline autoplay></video>
<script>${hls}</script>
<script type="module">
${watchNumbers}const hls = new Hls(${JSON.stringify(config)});
hls.on(Hls.Events.ERROR, (_event, { fatal, details }) => { if (fatal) window.messages.push('failed: ' + details); });
hls.loadSource(${JSON.stringify(hlsUrl)});
hls.attachMedia(video);
</script>`;
}

import { temporaryDirectory } from '../../../test/helpers/programs.js';
import { bundleSize, installSdk, playerAtMost, playingAtMost, programs } from '../../sdk-sizes.js';
import { amountFigure, type Figure } from '../report.js';
import { within } from '../scope.js';

/** What a page of somebody else loads of the npm package. */
export async function measureSizes(): Promise<Figure[]> {
  return within(async (scope) => {
    const project = await temporaryDirectory(scope, 'onair-sizes');
    await installSdk(project);
    const figures: Figure[] = [];
    for (const [name, program] of Object.entries(programs)) {
      const { first, webSocket, later } = await bundleSize(project, program);
      figures.push(amountFigure({
        what: `SDK: ${name} alone, minified, gzip`,
        measured: { amount: first, unit: 'kB' },
        beside: { amount: later, unit: 'kB', note: 'when needed, without hls.js' },
        ...(name === 'Player' && { atMost: playerAtMost }),
      }));
      if (name === 'Player') {
        figures.push(amountFigure({ what: 'SDK: Player and what plays by WebSocket', measured: { amount: first + webSocket, unit: 'kB' }, atMost: playingAtMost }));
      }
    }
    return figures;
  });
}

import type { UplinkSecond } from '../sdk/publishing/uplink-history.js';

const width = 300;
const height = 64;
/** A backlog of this long fills the graph. */
const fullBacklogMs = 10_000;
const namespace = 'http://www.w3.org/2000/svg';

/** The last five minutes: what the line carried, what it was asked to carry, what waited, and where a part was dropped. */
export function lineGraph(seconds: readonly UplinkSecond[]): SVGSVGElement {
  const graph = document.createElementNS(namespace, 'svg');
  graph.setAttribute('viewBox', `0 0 ${String(width)} ${String(height)}`);
  graph.setAttribute('preserveAspectRatio', 'none');
  graph.setAttribute('aria-hidden', 'true');
  const paths = graphPaths(seconds);
  for (const name of ['carried', 'asked', 'waiting', 'dropped'] as const) {
    const path = document.createElementNS(namespace, 'path');
    path.setAttribute('class', `line-${name}`);
    path.setAttribute('d', paths[name]);
    graph.append(path);
  }
  return graph;
}

/** Path data; the newest second is at the right edge. */
export function graphPaths(seconds: readonly UplinkSecond[]): Readonly<Record<'carried' | 'asked' | 'waiting' | 'dropped', string>> {
  const most = Math.max(1, ...seconds.map(({ upstreamBitsPerSecond, wantedBitsPerSecond }) => Math.max(upstreamBitsPerSecond, wantedBitsPerSecond))) * 1.15;
  const x = (index: number): number => width - (seconds.length - 1 - index);
  const y = (share: number): number => Math.round((1 - Math.min(1, share)) * height * 10) / 10;
  const line = (share: (second: UplinkSecond) => number): string => seconds.map((second, index) => `${index === 0 ? 'M' : 'L'}${String(x(index))} ${String(y(share(second)))}`).join('');
  const area = (share: (second: UplinkSecond) => number): string => (seconds.length === 0 ? '' : `${line(share)}L${String(width)} ${String(height)}L${String(x(0))} ${String(height)}Z`);
  return {
    carried: area(({ upstreamBitsPerSecond }) => upstreamBitsPerSecond / most),
    asked: line(({ videoBitsPerSecond }) => videoBitsPerSecond / most),
    waiting: area(({ backlogMs }) => (backlogMs < 1_500 ? 0 : backlogMs / fullBacklogMs)),
    dropped: seconds.map(({ droppedMs }, index) => (droppedMs > 0 ? `M${String(x(index))} 0V${String(height)}` : '')).join(''),
  };
}

import { FakeStream, FakeTrack } from './fake-media.js';

/** A node that knows what it leads to. */
export class FakeNode {
  readonly to = new Set<FakeNode>();
  readonly gain = new FakeParam();
  readonly options: Record<string, unknown>;

  constructor(_context?: unknown, options: { readonly gain?: number } & Record<string, unknown> = {}) {
    this.options = options;
    this.gain.value = options.gain ?? 1;
  }

  connect<Node extends FakeNode>(node: Node): Node {
    this.to.add(node);
    return node;
  }

  disconnect(): void {
    this.to.clear();
  }

  start(): void {
    return;
  }
}

/** A level that is where the last ramp leads. */
class FakeParam {
  value = 1;
  cancelScheduledValues(): void {
    return;
  }
  setValueAtTime(value: number): void {
    this.value = value;
  }
  linearRampToValueAtTime(value: number): void {
    this.value = value;
  }
}

class FakeDestination extends FakeNode {
  readonly stream = new FakeStream([new FakeTrack('audio', { label: 'mixed' })]);
}

export class FakeSource extends FakeNode {
  readonly track: FakeTrack | undefined;
  constructor(stream: FakeStream) {
    super();
    this.track = stream.getTracks()[0];
  }
}

export class FakeAudioContext {
  static made: FakeAudioContext[] = [];
  state: 'running' | 'suspended' | 'closed' = 'running';
  readonly currentTime = 0;
  readonly destinations: FakeDestination[] = [];
  readonly sources: FakeSource[] = [];

  constructor() {
    FakeAudioContext.made.push(this);
  }

  createMediaStreamDestination(): FakeDestination {
    const destination = new FakeDestination();
    this.destinations.push(destination);
    return destination;
  }

  createMediaStreamSource(stream: FakeStream): FakeSource {
    const source = new FakeSource(stream);
    this.sources.push(source);
    return source;
  }

  resume(): Promise<void> {
    this.state = 'running';
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.state = 'closed';
    return Promise.resolve();
  }

  /** Of each track that is heard at the destination, how loud; limiters beside. */
  heard(): Record<string, number> {
    const heard: Record<string, number> = {};
    const follow = (node: FakeNode, level: number, label: string): void => {
      if (node instanceof FakeDestination) heard[label] = level;
      for (const next of node.to) follow(next, next.options.isLimit === true ? level : level * next.gain.value, label);
    };
    for (const source of this.sources) follow(source, 1, source.track?.label ?? '');
    return heard;
  }
}

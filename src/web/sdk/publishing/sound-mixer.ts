/** Several sounds as one track, since a recorder takes one; inputs may come and go without the track's changing. */
export class SoundMixer {
  readonly #context = new AudioContext();
  readonly #output = this.#context.createMediaStreamDestination();
  readonly #inputs = new Map<MediaStreamTrack, MediaStreamAudioSourceNode>();

  get track(): MediaStreamTrack | undefined {
    return this.#output.stream.getAudioTracks()[0];
  }

  /** Mixes these tracks, and no others. */
  use(tracks: readonly MediaStreamTrack[]): void {
    for (const [track, node] of this.#inputs) {
      if (tracks.includes(track)) continue;
      node.disconnect();
      this.#inputs.delete(track);
    }
    for (const track of tracks) {
      if (this.#inputs.has(track)) continue;
      const node = this.#context.createMediaStreamSource(new MediaStream([track]));
      node.connect(this.#output);
      this.#inputs.set(track, node);
    }
  }

  /** Browsers suspend sound until the page is touched. */
  resume(): Promise<void> {
    return this.#context.state === 'suspended' ? this.#context.resume() : Promise.resolve();
  }

  close(): void {
    this.use([]);
    if (this.#context.state !== 'closed') void this.#context.close();
  }
}

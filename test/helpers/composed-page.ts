/**
 * For a page's script: a screen whose pictures carry their number in the top row, as the fixtures' do, a camera of one strong colour, and a
 * voice and a film of one tone each, as tracks that `openComposition` takes; with the SDK's classes as `window.sdk`.
 */
export const sourcesToCompose = `
  window.number = 0;
  window.made = {};
  window.makeTone = (name, hertz) => {
    const audio = new AudioContext();
    const [oscillator, out] = [new OscillatorNode(audio, { frequency: hertz }), audio.createMediaStreamDestination()];
    oscillator.connect(new GainNode(audio, { gain: 0.3 })).connect(out);
    oscillator.start();
    return out.stream.getAudioTracks()[0];
  };
  window.makePicture = (name, width, height, paint) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    const draw = () => paint(context, canvas);
    draw();
    window.made[name] = { canvas, draw };
    return canvas.captureStream().getVideoTracks()[0];
  };
  window.paintScreen = (context, { width, height }) => {
    context.fillStyle = 'hsl(210 60% ' + (30 + (window.number % 20)) + '%)';
    context.fillRect(0, 0, width, height);
    for (let bit = 0; bit < 16; bit++) {
      context.fillStyle = (window.number >> bit) & 1 ? '#fff' : '#000';
      context.fillRect((bit * width) / 16, 0, width / 16, width / 16);
    }
  };
  // Red on the left, green on the right: so a mirror shows.
  window.paintCamera = (context, { width, height }) => {
    context.fillStyle = '#e00000';
    context.fillRect(0, 0, width / 2, height);
    context.fillStyle = '#00b000';
    context.fillRect(width / 2, 0, width / 2, height);
    context.fillStyle = window.number % 2 ? '#fff' : '#000';
    context.fillRect(0, 0, 4, 4);
  };
  window.makeTracks = () => ({
    screen: window.makePicture('screen', 640, 360, window.paintScreen),
    camera: window.makePicture('camera', 320, 180, window.paintCamera),
    microphone: window.makeTone('microphone', 440),
    screenSound: window.makeTone('screenSound', 1320),
  });
  // A worker's clock: a hidden tab's own would slow these sources, which no camera or screen does.
  const clock = new Worker(URL.createObjectURL(new Blob(['setInterval(() => postMessage(0), 50)'])));
  window.stopped = new Set();
  clock.onmessage = () => {
    window.number += 1;
    for (const [name, { draw }] of Object.entries(window.made)) if (!window.stopped.has(name)) draw();
  };`;

/** The colour in the middle of a small square of the page's video, by shares of its width and height, as [red, green, blue]. */
export const colourAt = (x: number, y: number): string => `(() => {
  const video = document.querySelector('video');
  const context = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  context.drawImage(video, video.videoWidth * ${String(x)} - 2, video.videoHeight * ${String(y)} - 2, 4, 4, 0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
})()`;

/**
 * For a page's init script: camera, microphone and screen are a canvas and an oscillator. Each picture carries its number in 16
 * blocks, as the fixtures' do. What the page sends over WebSockets is kept in `sentMessages`: [address, base64].
 */
export const numberedCapture = `(() => {
  const [width, height, rate] = [320, 180, 20];
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d');
  let number = 0;
  const draw = () => {
    context.fillStyle = 'hsl(' + ((number * 3) % 360) + ' 60% 40%)';
    context.fillRect(0, 0, width, height);
    for (let bit = 0; bit < 16; bit++) {
      context.fillStyle = (number >> bit) & 1 ? '#fff' : '#000';
      context.fillRect((bit * width) / 16, 0, width / 16, width / 16);
    }
    number += 1;
  };
  const picture = () => {
    draw();
    setInterval(draw, 1000 / rate);
    return canvas.captureStream(rate).getVideoTracks()[0];
  };
  const sound = () => {
    const audio = new AudioContext();
    const [oscillator, out] = [audio.createOscillator(), audio.createMediaStreamDestination()];
    oscillator.connect(out);
    oscillator.start();
    return out.stream.getAudioTracks()[0];
  };
  navigator.mediaDevices.getUserMedia = async ({ video }) => new MediaStream(video ? [picture(), sound()] : [sound()]);
  navigator.mediaDevices.getDisplayMedia = async () => new MediaStream([picture()]);
  window.sentMessages = [];
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    window.sentMessages.push([this.url, data]);
    return send.call(this, data);
  };
  window.sentBytes = () => Promise.all(window.sentMessages.map(async ([url, data]) => {
    const bytes = new Uint8Array(await data.arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return [url, btoa(text)];
  }));
})();`;

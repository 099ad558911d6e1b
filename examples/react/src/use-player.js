import { useEffect, useRef, useState } from 'react';
import { Player } from 'onair-sdk';

/** Plays a stream on a video element for as long as the component is there. React may try the effect twice: close() leaves nothing behind. */
export function usePlayer(url) {
  const video = useRef(null);
  const [state, setState] = useState('connecting');
  useEffect(() => {
    const player = new Player({ url, video: video.current });
    player.on('state', (news) => setState(news.state));
    player.play();
    return () => player.close();
  }, [url]);
  return { video, state };
}

import { StrictMode, useEffect, useRef, useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'onair-sdk/elements';
import { usePlayer } from './use-player.js';

// Where to: http://…/#server=http://127.0.0.1:8080&stream=cam&key=…
const place = new URLSearchParams(location.hash.slice(1));
const server = place.get('server') ?? 'http://127.0.0.1:8080';
const stream = place.get('stream') ?? 'cam';

/** With the SDK's Player in a hook. */
function Screen({ url }) {
  const { video, state } = usePlayer(url);
  return (
    <figure>
      <video ref={video} muted playsInline width="320" height="180" />
      <figcaption>{state}</figcaption>
    </figure>
  );
}

/** With the element, which is its own component. */
function Studio() {
  const broadcast = useRef(null);
  const [warning, setWarning] = useState('');
  useEffect(() => {
    const element = broadcast.current;
    element.publishKey = place.get('key') ?? '';
    const onWarning = ({ detail }) => setWarning(detail.message);
    element.addEventListener('onair-warning', onWarning);
    return () => element.removeEventListener('onair-warning', onWarning);
  }, []);
  return (
    <>
      <onair-broadcast ref={broadcast} server={server} stream={stream} />
      <p role="status">{warning}</p>
    </>
  );
}

function App() {
  const [shown, setShown] = useState(true);
  return (
    <main>
      <h1>Onair in React</h1>
      <Studio />
      <button type="button" onClick={() => setShown(!shown)}>
        {shown ? 'Take the players away' : 'Show the players'}
      </button>
      {shown && (
        <>
          <Screen url={`${server}/live/${stream}`} />
          <onair-player src={`${server}/live/${stream}`} muted controls style={{ width: 320 }} />
        </>
      )}
    </main>
  );
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

import t, { type Test } from 'tap';
import type { StudioForm } from '../../../src/web/ui/studio-form.js';
import { StudioRecord } from '../../../src/web/ui/studio-record.js';
import { installGlobals } from '../sdk/fake-document.js';
import { settle } from '../sdk/fake-page.js';
import { installFakeDom } from './fake-dom.js';

/** @param answer what the server says to a change; undefined: it can't be reached */
function bench(t: Test, answer: (change: { record?: boolean }) => Response | undefined) {
  const page = installFakeDom(t);
  const asked: string[] = [];
  installGlobals(t, {
    fetch: async (url: string, { body, headers }: { body: string; headers: Record<string, string> }) => {
      asked.push(`${url} ${body} ${headers.authorization ?? ''}`);
      const response = answer(JSON.parse(body) as { record?: boolean });
      if (response === undefined) throw new TypeError('no network');
      return response;
    },
  });
  const form = { form: page.the('settings'), stream: 'cam', key: 'k' };
  const record = new StudioRecord(form as unknown as StudioForm);
  const box = page.the('record');
  const press = (checked: boolean): void => {
    box.checked = checked;
    box.dispatchEvent(new Event('change'));
  };
  return { record, form, asked, box, press, hint: page.the('record-hint') };
}

t.test('the switch shows what holds for this stream and key before it changes anything, and says it to the server when it is pressed', async (t) => {
  let record = true;
  const { form, asked, box, press, hint } = bench(t, (change) => {
    record = change.record ?? record;
    return Response.json({ stream: 'cam', record });
  });
  t.equal(box.disabled, true, 'nothing is known yet');
  await settle();
  t.match(asked[0], /\/api\/streams\/cam \{\} Bearer k$/);
  t.strictSame([box.checked, box.disabled], [true, false]);
  t.match(hint.textContent, /keeps/);
  press(false);
  await settle();
  t.match(asked[1], /\{"record":false\}/);
  t.strictSame([box.checked, record], [false, false]);
  t.match(hint.textContent, /Nothing is kept/);
  form.stream = 'other';
  form.form.dispatchEvent(new Event('change'));
  await settle();
  t.match(asked[2], /streams\/other \{\}/);
});

t.test('where the key is wrong, the server keeps nothing or is out of reach, the switch says so and is as it was', async (t) => {
  const wrong = bench(t, () => Response.json({ code: 'unauthorized', message: 'wrong key' }, { status: 401 }));
  await settle();
  t.equal(wrong.box.disabled, true);
  const never = bench(t, () => Response.json({ stream: 'cam' }));
  await settle();
  t.equal(never.box.disabled, true, 'a server that can not record');
  let isThere = true;
  const lost = bench(t, () => (isThere ? Response.json({ record: false }) : undefined));
  await settle();
  isThere = false;
  lost.press(true);
  await settle();
  t.equal(lost.box.checked, false);
  t.match(lost.hint.textContent, /reach the server/);
});

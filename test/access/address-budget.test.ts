import t from 'tap';
import { AddressBudget, addressGroup } from '../../src/access/address-budget.js';

t.test('an address spends its budget, waits, and gets it back evenly; others are not touched', async (t) => {
  let nowMs = 0;
  const budget = new AddressBudget({ perMinute: 3, now: () => nowMs });
  for (let index = 0; index < 3; index++) {
    t.equal(budget.waitSeconds('10.0.0.1'), 0);
    budget.spend('10.0.0.1');
  }
  t.equal(budget.waitSeconds('10.0.0.1'), 20);
  t.equal(budget.waitSeconds('10.0.0.2'), 0);
  nowMs = 19_000;
  t.equal(budget.waitSeconds('10.0.0.1'), 1);
  nowMs = 20_000;
  t.equal(budget.waitSeconds('10.0.0.1'), 0);
  nowMs = 1e9;
  for (let index = 0; index < 3; index++) budget.spend('10.0.0.1');
  t.not(budget.waitSeconds('10.0.0.1'), 0, 'no more than a minute is saved up');
});

t.test('memory is bounded, however many addresses come', async (t) => {
  const budget = new AddressBudget({ perMinute: 10, maxAddresses: 100 });
  for (let index = 0; index < 10_000; index++) {
    budget.waitSeconds(`10.1.${index >> 8}.${index & 255}`);
    budget.spend(`10.1.${index >> 8}.${index & 255}`);
  }
  t.equal(budget.size, 100);
});

t.test('an IPv6 network counts as one client, and an IPv4 address as itself in either spelling', async (t) => {
  const table: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:2::ffff', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ];
  for (const [address, group] of table) t.equal(addressGroup(address), group, address);
});

t.test('an address that was never seen may act at once, at whatever fraction of a millisecond', async (t) => {
  const refused = Array.from({ length: 10_000 }, (_, index) => new AddressBudget({ perMinute: 1, now: () => index * 7.000_1 + 0.123_456_789 }).waitSeconds('192.0.2.1')).filter((seconds) => seconds > 0);
  t.strictSame(refused, []);
});

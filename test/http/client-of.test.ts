import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { addressOf, clientOf } from '../../src/http/client-of.js';
import { createGate } from '../support/gate.js';

/** A request that has reached its server. */
async function openRequest() {
  const arrived = createGate();
  let response: ServerResponse | undefined;
  const server = createServer((_request, reply) => {
    response = reply;
    void arrived.wait();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  // A server always listens at an address with a port.
  const { port } = server.address() as AddressInfo;
  const asked = request({ host: '127.0.0.1', port });
  asked.on('error', () => undefined).end();
  await arrived.arrived();
  if (response === undefined) throw new Error('The request did not arrive.');
  return { asked, response, client: clientOf('127.0.0.1', response) };
}

it('the signal of a client fires when its connection closes before the answer', async () => {
  const { asked, response, client } = await openRequest();
  const signal = client.gone();
  expect(client.gone()).toBe(signal);
  const closed = once(response, 'close');
  asked.destroy();
  await closed;
  expect(signal.aborted).toBe(true);
});

it('the signal has fired where it is asked for only then', async () => {
  const { asked, response, client } = await openRequest();
  const closed = once(response, 'close');
  asked.destroy();
  await closed;
  expect(client.gone().aborted).toBe(true);
});

it('the signal of a client that was answered does not fire', async () => {
  const { asked, response, client } = await openRequest();
  const signal = client.gone();
  const answered = once(asked, 'response');
  const closed = once(response, 'close');
  response.end('here');
  const [answer]: unknown[] = await answered;
  if (answer instanceof Object && 'resume' in answer && typeof answer.resume === 'function') answer.resume();
  await closed;
  expect(signal.aborted).toBe(false);
});

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['192.0.2.7:51234', '192.0.2.7'],
  ['2001:db8::1', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[::ffff:192.0.2.7]:443', '::ffff:192.0.2.7'],
  ['unknown', '10.0.0.1'],
  ['192.0.2.7:port', '10.0.0.1'],
  ['192.0.2:80', '10.0.0.1'],
  ['[2001:db8::1]x', '10.0.0.1'],
  [undefined, '10.0.0.1'],
])('the address of a client that a proxy names as %s is %s', (ip, address) => {
  expect(addressOf({ ip, socket: { remoteAddress: '10.0.0.1' } })).toBe(address);
});

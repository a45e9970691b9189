// SPDX-License-Identifier: Apache-2.0
// A client in another language, on another HTTP/2: unary calls, new channels and numbered streams, none of which retries.
// Says GENERATION n when all three kinds have heard from that generation. INT ends it when all is answered; its status is
// 0 if nothing failed.
'use strict';
const grpc = require('@grpc/grpc-js');

const address = process.argv[2];
const seen = {}; // generation -> the kinds that have heard from it
const counts = { calls: 0, fresh: 0, messages: 0, streams: 0, refused: 0, failures: 0 };
let stopping = false;
let running = 0;

const write = (text) => Buffer.from(text);
const read = (bytes) => bytes.toString();
const client = () => new grpc.Client(address, grpc.credentials.createInsecure(), {
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1, // each client has a connection of its own
});

function failed(what) {
  counts.failures++;
  console.log('FAILED ' + what);
}

/**
 * REFUSED_STREAM says that nobody has looked at the call. This client reports it, too, for what it began when a GOAWAY was
 * read already, and fails the call when its second attempt met the same connection.
 */
const isRefused = (status) => status.code === grpc.status.UNAVAILABLE && status.details === 'Stream refused by server';

/** Checks "<generation> <expected>". */
function heard(kind, answer, expected) {
  const space = answer.indexOf(' ');
  if (answer.substring(space + 1) !== expected) {
    failed(kind + ": '" + answer + "' instead of '" + expected + "'");
  }
  counts[kind]++;
  const generation = answer.substring(0, space);
  const kinds = seen[generation] ??= new Set();
  if (!kinds.has(kind) && kinds.add(kind).size === 3) {
    console.log('GENERATION ' + generation);
  }
}

function call(kind, channel, number, then) {
  channel.makeUnaryRequest('/graceful.Echo/Echo', write, read, String(number), (error, answer) => {
    if (error && isRefused(error)) {
      counts.refused++;
    } else if (error) {
      failed(kind + ': ' + error);
    } else {
      heard(kind, answer, String(number));
    }
    then();
  });
}

function again(what) {
  if (stopping) {
    running--;
    end();
  } else {
    setTimeout(what, 10);
  }
}

function caller(channel, number) {
  call('calls', channel, number, () => again(() => caller(channel, number + 1)));
}

function fresh(number) {
  const channel = client();
  call('fresh', channel, number, () => {
    channel.close();
    again(() => fresh(number + 1));
  });
}

/** One stream after the other; what was not answered when one was completed is sent over the next one. */
function stream(channel, text) {
  let number = 1;
  const chat = channel.makeBidiStreamRequest('/graceful.Echo/Chat', write, read);
  chat.on('data', (answer) => {
    heard('messages', answer, number + ' ' + text);
    number++;
    text++;
    setTimeout(() => (stopping ? chat.end() : chat.write(String(text))), 10);
  });
  chat.on('error', () => {}); // the status says it, too
  chat.on('status', (status) => {
    counts.streams++;
    if (isRefused(status)) {
      counts.refused++;
    } else if (status.code !== grpc.status.OK) {
      failed('stream: ' + status.code + ' ' + status.details);
    }
    again(() => stream(channel, text));
  });
  chat.write(String(text));
}

function begin(count, what) {
  for (let i = 0; i < count; i++) {
    running++;
    what();
  }
}

function end() {
  if (running === 0) {
    console.log('DONE ' + JSON.stringify(counts));
    process.exit(counts.failures === 0 ? 0 : 1);
  }
}

process.on('SIGINT', () => { stopping = true; });
for (let i = 0; i < 2; i++) {
  const channel = client();
  begin(8, () => caller(channel, 1));
  begin(4, () => stream(channel, 1));
}
begin(2, () => fresh(1));

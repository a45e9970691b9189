# SPDX-License-Identifier: Apache-2.0
"""A peer of the handoff protocol, written from docs/protocol.md alone.

  peer.py receive PATH         receives everything; each TCP listener's metadata is its port
  peer.py send PATH NUMBER     offers so many TCP listeners to one receiver, with their ports as metadata
  peer.py take-over PATH       takes over from a server, answers one HTTP request, waits until it has drained
"""
import os
import socket
import struct
import sys

MAGIC, VERSION, MAX_FRAME, WINDOW = 0x474E484F, 1, 1 << 20, 64
(HELLO, WELCOME, ATTACH, MANIFEST, DESCRIPTOR, RECEIVED, READY, COMMIT, SERVING, DRAINED, ABORT, STATE, WITHDRAWN,
 END, ALIVE, SETTLED) = range(1, 17)
TAKE_OVER, RECEIVE = 1, 2
TCP_LISTENER, IPV4, IPV6 = 1, 4, 6


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("message ends in the middle of a field")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def string(self):
        return self.take(self.number(2)).decode()

    def address(self):
        kind = self.number(1)
        if kind == 0:
            return None
        if kind == 2:
            return self.string()
        length = self.number(1)
        ip = self.take(length)
        if length == 16:
            self.number(4)
        return ip, self.number(2)

    def end(self):
        if self.at != len(self.data):
            raise ValueError("bytes that belong to no field")


def exactly(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError("the peer hung up")
        data += more
    return data


def read(connection):
    length = int.from_bytes(exactly(connection, 4), "big")
    if length > MAX_FRAME:
        raise ValueError("a frame of %d bytes" % length)
    message = Reader(exactly(connection, length))
    return message.number(1), message


def write(connection, kind, fields=b""):
    connection.sendall(struct.pack(">IB", len(fields) + 1, kind) + fields)


def check_uid(connection):
    _, uid, _ = struct.unpack("iII", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if uid != os.getuid():
        raise PermissionError("the peer's uid is %d" % uid)


def connect(path):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    check_uid(connection)
    return connection


def take_all(path, purpose):
    """Both connections, and (index, descriptor, metadata) of all that is there."""
    connection = connect(path)
    write(connection, HELLO, struct.pack(">IHHBQ", MAGIC, VERSION, VERSION, purpose, os.getpid()) + bytes(16)
          + struct.pack(">H", 0))
    kind, message = read(connection)
    if kind == ABORT:
        sys.exit("ABORT " + message.string())
    assert kind == WELCOME and message.number(2) == VERSION
    message.take(8 + 4)
    token = message.take(16)
    lane = connect(path)
    write(lane, ATTACH, struct.pack(">IH", MAGIC, VERSION) + token)
    found, expected, count = [], None, 0
    while expected is None or count < expected:
        kind, message = read(connection)
        if kind == MANIFEST:
            expected = (expected or 0) + message.number(4)
        elif kind == DESCRIPTOR:
            assert message.number(4) == count
            found.append((count,) + descriptor(lane, message))
            count += 1
        elif kind == WITHDRAWN:
            assert message.number(4) == count
            count += 1
        elif kind == STATE:
            continue
        elif kind == ABORT:
            sys.exit("ABORT " + message.string())
        else:
            raise ValueError("message %d is not due" % kind)
        if kind in (DESCRIPTOR, WITHDRAWN):
            write(connection, RECEIVED, struct.pack(">I", count))
    return connection, lane, found


def descriptor(lane, message):
    kind, family = message.number(1), message.number(1)
    message.string()
    local, _ = message.address(), message.address()
    if message.number(1):
        message.take(9)
    metadata = message.take(message.number(4))
    message.end()
    data, descriptors, _, _ = socket.recv_fds(lane, 1, 1)
    assert len(data) == 1 and len(descriptors) == 1
    listener = socket.socket(fileno=descriptors[0])
    if kind == TCP_LISTENER:
        assert listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
        assert listener.family == {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}[family]
        assert listener.getsockname()[1] == local[1]
    return listener, metadata


def receive(path):
    connection, _, found = take_all(path, RECEIVE)
    wrong = sum(one.getsockname()[1] != int.from_bytes(metadata[:4], "big") for _, one, metadata in found)
    kind, _ = read(connection)
    assert kind == END
    print("RECEIVED %d, wrong: %d" % (len(found), wrong), flush=True)


def send(path, number):
    listeners = []
    for _ in range(number):
        listeners.append(socket.create_server(("127.0.0.1", 0)))
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    os.umask(0o177)
    server.bind(path)
    server.listen(2)
    print("OFFERED", flush=True)
    connection, _ = server.accept()
    check_uid(connection)
    kind, message = read(connection)
    assert kind == HELLO and message.number(4) == MAGIC and message.number(2) <= VERSION <= message.number(2)
    token = os.urandom(16)
    write(connection, WELCOME, struct.pack(">HQI", VERSION, os.getpid(), 0) + token + struct.pack(">Q", 60000))
    lane, _ = server.accept()
    check_uid(lane)
    kind, message = read(lane)
    assert kind == ATTACH and message.number(4) == MAGIC and message.number(2) == VERSION
    assert message.take(16) == token
    write(connection, MANIFEST, struct.pack(">I", number))
    acknowledged = 0
    for index, listener in enumerate(listeners):
        while index - acknowledged >= WINDOW:
            acknowledged = acknowledgement(connection)
        port = listener.getsockname()[1]
        address = b"\1\4" + socket.inet_aton("127.0.0.1") + struct.pack(">H", port)
        write(connection, DESCRIPTOR, struct.pack(">IBBH", index, TCP_LISTENER, IPV4, 0) + address + b"\0" + b"\0"
              + struct.pack(">II", 4, port))
        socket.send_fds(lane, [b"x"], [listener.fileno()])
    while acknowledged < number:
        acknowledged = acknowledgement(connection)
    write(connection, END)
    print("SENT", flush=True)


def acknowledgement(connection):
    kind, message = read(connection)
    if kind == ABORT:
        sys.exit("ABORT " + message.string())
    assert kind == RECEIVED
    return message.number(4)


def take_over(path):
    connection, _, found = take_all(path, TAKE_OVER)
    write(connection, READY)
    kind, message = read(connection)
    assert kind == COMMIT
    print("PROBATION, ms: %d" % message.number(8), flush=True)
    listener = found[0][1]
    listener.setblocking(True)
    write(connection, SERVING, struct.pack(">I", 0))
    write(connection, ALIVE, struct.pack(">B", 1))
    write(connection, SETTLED)
    print("SERVING", flush=True)
    client, _ = listener.accept()
    client.recv(65536)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\npython")
    client.close()
    kind, _ = read(connection)
    assert kind == SETTLED
    kind, message = read(connection)
    assert kind == DRAINED
    print("DRAINED, by force: %d" % message.number(8), flush=True)


if __name__ == "__main__":
    {"receive": receive, "send": lambda path: send(path, int(sys.argv[3])), "take-over": take_over}[sys.argv[1]](
        sys.argv[2])

"""The three words of redis that the application needs."""
import os
import socket


class Store:
    def __init__(self):
        self.stream = socket.create_connection((os.environ["REDIS_HOST"], 6379), timeout=10).makefile("rwb")

    def call(self, *words):
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in map(str.encode, words))
        self.stream.write(b"*%d\r\n%s" % (len(words), parts))
        self.stream.flush()
        answer = self.stream.readline().rstrip().decode()
        if answer.startswith("$"):
            size = int(answer[1:])
            return None if size < 0 else self.stream.read(size + 2)[:-2].decode()
        return answer[1:]

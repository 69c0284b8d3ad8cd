"""`python -m cli.chaos.proxies DIRECTORY`: the proxies of a run, in a process of their own, told what to do on stdin.

A line is `LINK MODE [SECONDS]`, LINK a pattern as in `training-*>postgres`; `done` comes back when it is in force.
"""

import asyncio
import fnmatch
import os
import sys
from contextlib import suppress
from pathlib import Path

from cli.chaos.plan import Link, Plan

CHUNK = 65_536
CONNECT_SECONDS = 10.0  # what is stopped never takes a connection


class Proxy:
    """One link. `pass`, or: `delay`: every chunk comes so many seconds late. `hold`: nothing comes through until the
    link passes again. `lose`: the same, and then connections are reset with all that they held. `mute`: what is asked
    arrives, what is answered is lost, and then connections are reset. `cut`: connections are reset, new ones too.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self.mode, self.seconds = "pass", 0.0
        self.open = asyncio.Event()
        self.open.set()
        self.writers: set[asyncio.StreamWriter] = set()

    def set(self, mode: str, seconds: float) -> None:
        before, self.mode, self.seconds = self.mode, mode, seconds
        if mode == "cut" or before in ("mute", "lose"):
            for writer in self.writers:
                writer.transport.abort()
        if mode in ("hold", "lose"):
            self.open.clear()
        else:
            self.open.set()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.mode == "cut":
            writer.transport.abort()
            return
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                there, back = await asyncio.open_connection("127.0.0.1", self.link.target)
        except OSError:  # a timeout is one
            writer.transport.abort()
            return
        pair = {writer, back}
        self.writers |= pair
        try:
            await asyncio.gather(self.pump(reader, back, answers=False), self.pump(there, writer, answers=True))
        finally:
            self.writers -= pair
            for one in pair:
                one.transport.abort()

    async def pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                if self.mode == "delay":
                    await asyncio.sleep(self.seconds)
                await self.open.wait()
                if self.mode == "mute" and answers:
                    continue
                sink.write(data)
                await sink.drain()
        with suppress(OSError):
            if sink.can_write_eof():
                sink.write_eof()


async def main(plan: Plan) -> None:
    proxies = {name: Proxy(link) for name, link in plan.links.items()}
    for proxy in proxies.values():
        await asyncio.start_server(proxy.connected, "127.0.0.1", proxy.link.port)
    print("done", flush=True)
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while order := await orders.readline():
        pattern, mode, *seconds = order.decode().split()
        for name, proxy in proxies.items():
            if fnmatch.fnmatchcase(name, pattern):
                proxy.set(mode, float(seconds[0]) if seconds else 0.0)
        print("done", flush=True)
    os._exit(0)  # whoever gave orders has ended: no connection is worth being closed in order


if __name__ == "__main__":
    asyncio.run(main(Plan.read(Path(sys.argv[1]))))

"""A client of the chain endpoint in Debian's python3-websockets: sends random messages until SIGTERM, and holds each answer against
its own account. One line "moves N" for each move, "ok N" at the end, or the fault."""
import asyncio
import hashlib
import os
import random
import signal
import sys

import websockets


async def talk(address):
    chain, count, moves = bytes(32), 0, 0
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with websockets.connect(address, max_size=None) as socket:
        while not ended.is_set():
            message = os.urandom(random.choice((0, 5, 200, 5000, 70000)))
            message = message.hex() if random.random() < 0.5 else message
            data = message.encode() if isinstance(message, str) else message
            count, chain = count + 1, hashlib.sha256(chain + hashlib.sha256(data).digest()).digest()
            # A list is sent in several frames.
            half = len(message) // 2
            await socket.send([message[:half], message[half:]] if half and random.random() < 0.3 else message)
            if count % 7 == 0:
                await (await socket.ping())
            while (answer := await socket.recv()).startswith("bye "):
                pass
            words = answer.split(" ")
            if words[:2] != [str(count), chain.hex().upper()]:
                raise RuntimeError(f"message {count} was answered with {answer}")
            if int(words[3]) > moves:
                moves = int(words[3])
                print("moves", moves, flush=True)
            if count % 5 == 0:
                while (echo := await socket.recv()) != message:
                    if not (isinstance(echo, str) and echo.startswith("bye ")):
                        raise RuntimeError(f"the echo of message {count} is another one")
            await asyncio.sleep(0.005)
    print("ok", count, flush=True)


asyncio.run(talk(sys.argv[1]))

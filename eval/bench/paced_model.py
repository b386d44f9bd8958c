"""An OpenAI-compatible server that writes at an even pace whatever it is asked, and remembers when it wrote what.

    python -m eval.bench.paced_model --port 8080 [--rate 50] [--tokens 1500]

Every fifth token ends with a code that no other token has, so that a reader can tell when that very token came.
``GET /sent`` gives the codes with the moment each was written (``time.monotonic``, one clock for all processes of a
machine). It never waits for a slow reader: what is not taken yet stands in its own buffer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
from string import ascii_uppercase

CODED_EVERY = 5
CODE = re.compile(rb"Q[A-Z]{6}")
_TEXT = (
    "量子计算机比传统计算机更容易受到噪声的影响。解码器根据辅助量子比特的测量结果推断错误发生在哪里。"
    "研究团队先用模拟数据训练模型，再用处理器的实验样本微调。在最大的实验中，它的错误率低于张量网络方法。"
    "不过它目前的速度还不足以实时纠正超导处理器中的错误。"
)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def code(stream: int, token: int) -> str:
    """The code of a token: as long for all, and none the beginning of another."""
    number, letters = stream * 26**4 + token, ""
    for _ in range(6):
        number, letter = divmod(number, 26)
        letters = ascii_uppercase[letter] + letters
    return "Q" + letters


def token(stream: int, number: int) -> str:
    """The text of one token: one or two characters of Chinese prose in turn, and a code where it is its turn."""
    begin, end = (3 * number // 2 % len(_TEXT) for number in (number, number + 1))
    words = _TEXT[begin:end] if begin < end else _TEXT[begin:] + _TEXT[:end]
    return words if number % CODED_EVERY else words + code(stream, number)


class PacedModel:
    """Writes ``tokens`` tokens to each reader, ``rate`` a second."""

    def __init__(self, rate: float, tokens: int) -> None:
        self._rate = rate
        self._tokens = tokens
        self._served = 0
        self.sent: dict[str, float] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            if head.startswith(b"GET"):
                writer.write(_head("application/json") + json.dumps(self.sent).encode())
            else:
                await self._write(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        stream, self._served = self._served, self._served + 1
        writer.write(_head("text/event-stream"))
        begun = time.monotonic()
        for number in range(self._tokens):
            await asyncio.sleep(begun + number / self._rate - time.monotonic())
            if writer.is_closing():
                return
            if number % CODED_EVERY == 0:
                self.sent[code(stream, number)] = time.monotonic()
            writer.write(_event({"content": token(stream, number)}))
        writer.write(_event({}, "stop") + b"data: [DONE]\n\n")


def _head(kind: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode()


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "paced", "object": "chat.completion.chunk", "created": 1, "model": "paced", "choices": [choice]}
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, default=50.0, help="tokens a second")
    parser.add_argument("--tokens", type=int, default=1500)
    options = parser.parse_args()
    model = PacedModel(options.rate, options.tokens)
    server = await asyncio.start_server(model.serve, "127.0.0.1", options.port, backlog=256)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())

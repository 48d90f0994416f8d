"""A headless Chromium that opens pages: how long they take, what the console says, what they look like.

Spoken to by the DevTools protocol over a web socket (tornado, which Dask's scheduler brings along).
"""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tornado.websocket import WebSocketClientConnection, websocket_connect

PROGRAM = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), "")
FLAGS = ["--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--remote-debugging-port=0", "--hide-scrollbars"]


class Browser:
    """One browser with one page; use it with ``async with``."""

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        self.size = (width, height)
        self.console: list[str] = []
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._asked = 0

    async def __aenter__(self) -> Browser:
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [PROGRAM, *FLAGS, f"--user-data-dir={self._profile.name}", f"--window-size={self.size[0]},{self.size[1]}",
             "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        told = Path(self._profile.name) / "DevToolsActivePort"
        for _ in range(300):
            if told.exists() and len(told.read_text().split()) == 2:
                break
            await asyncio.sleep(0.1)
        port, path = told.read_text().split()
        self._socket: WebSocketClientConnection = await websocket_connect(
            f"ws://127.0.0.1:{port}{path}", max_message_size=2**30)
        self._listener = asyncio.create_task(self._listen())
        self._session = ""
        target = (await self.ask("Target.getTargets"))["targetInfos"]
        page = next(one["targetId"] for one in target if one["type"] == "page")
        self._session = (await self.ask("Target.attachToTarget", targetId=page, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.ask(f"{domain}.enable")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.cancel()
        self._socket.close()
        self._process.terminate()
        self._process.wait(20)
        self._profile.cleanup()

    async def _listen(self) -> None:
        while (message := await self._socket.read_message()) is not None:
            told = json.loads(message)
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told)
            elif told["method"] == "Runtime.exceptionThrown":
                self.console.append(str(told["params"]["exceptionDetails"])[:400])
            elif told["method"] == "Runtime.consoleAPICalled" and told["params"]["type"] in ("error", "warning"):
                self.console.append(str(told["params"]["args"])[:400])
            elif told["method"] == "Log.entryAdded" and "GPU stall" not in told["params"]["entry"]["text"]:
                self.console.append(told["params"]["entry"]["text"])

    async def ask(self, method: str, **what: Any) -> Any:
        """Send one command and return its result."""
        self._asked += 1
        self._answers[self._asked] = asyncio.get_running_loop().create_future()
        answer = self._answers[self._asked]
        session = {"sessionId": self._session} if self._session else {}
        await self._socket.write_message(json.dumps({"id": self._asked, "method": method, "params": what, **session}))
        told = await answer
        if "error" in told:
            raise RuntimeError(f"{method}: {told['error']}")
        return told["result"]

    async def value(self, expression: str) -> Any:
        """Return what an expression is worth in the page."""
        return (await self.ask("Runtime.evaluate", expression=expression, returnByValue=True,
                               awaitPromise=True))["result"].get("value")

    async def open(self, page: Path, most_s: float = 120.0) -> float:
        """Open a page and return the seconds until all figures in sight are drawn (wall clock, from the request)."""
        begin = time.perf_counter()
        await self.ask("Page.navigate", url=page.resolve().as_uri())
        while time.perf_counter() - begin < most_s:
            if await self.value(f"location.protocol === 'file:' && location.pathname.endsWith({page.name!r}) && "
                                "Boolean(document.documentElement.dataset.firstScreenMs)"):
                return time.perf_counter() - begin
            await asyncio.sleep(0.02)
        raise TimeoutError(f"{page}: not drawn within {most_s} s")

    async def picture(self, path: Path) -> None:
        """Write what is in sight as PNG."""
        shot = await self.ask("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))

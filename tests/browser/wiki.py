"""A wiki on another origin, whose page holds what a test puts there."""

from __future__ import annotations

import http.server
import threading

WIKI = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>差旅制度 - 公司百科</title>
<style>body { font: 16px/1.7 system-ui, sans-serif; margin: 0 auto; max-width: 64rem; padding: 2rem; color: #222; background: #fff }
nav { color: #666; border-bottom: 1px solid #ddd; padding-bottom: 1rem } .side { float: right; margin: 1.5rem 0 0 2rem }
iframe { border: 1px solid #ddd; border-radius: 12px }</style>
<nav>公司百科 › 行政 › 差旅制度</nav>%s<h1>差旅制度</h1>
<p>员工出差前需在系统中提交申请，由直属主管批准。返回后三十天内提交报销单，并附上发票原件。</p>
<h2>住宿标准</h2><p>一线城市每晚不超过六百元，其他城市每晚不超过四百元。超出部分由个人承担，特殊情况须事先说明。</p>
<h2>交通</h2><p>五小时以内的行程优先选择高铁二等座。</p></html>"""


class Wiki:
    """Serves one page at ``http://localhost:PORT/`` until it is closed."""

    def __init__(self, body: str, port: int = 0) -> None:
        page = (WIKI % body).encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.address = f"http://localhost:{self._server.server_address[1]}/"

    def __enter__(self) -> Wiki:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def embedded(address: str) -> str:
    """The frame that a wiki's editor pastes."""
    return (
        f'<iframe class="side" title="问答" src="{address}embed/?lang=zh" width="420" height="600" allow="clipboard-write"></iframe>'
    )

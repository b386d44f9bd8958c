"""The chat page: Gradio Blocks around the chat service.

Gradio carries messages to and fro and nothing else: history and owners are the service's, HTML the renderer's,
everything around the messages (header, history, panel, shortcuts) the script's in ``static/zhiju.js``. What Gradio
may lose of its events at the end of a stream, ``static/stream.js`` keeps.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag.config import Settings
from rag.web.page_handlers import PageHandlers
from rag.web.page_stream import Pacer
from rag.web.service import ChatService
from rag.web.texts import interface_texts, say

_QUIET: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
"""Of every event: Gradio shows no progress of its own, holds nobody back (the service does) and documents nothing."""


LOOKS_FOR_WORK = 0.02
"""Seconds between two looks of Gradio's queue for an event. Its own millisecond costs an idle server a tenth of a core."""
LOOKS_FOR_PROGRESS = 1.0
"""Seconds between two looks for progress to report, of which there is none."""


def build_page(
    settings: Settings, service: ChatService, *, embed: bool = False, pacer: Pacer | None = None
) -> gr.Blocks:
    """The chat as Blocks, to be mounted with ``page_options``. ``embed``: without what only a full page needs.

    Pages of one server share a ``pacer``.
    """
    words = page_words()
    page = PageHandlers(settings, service, pacer or Pacer())
    with gr.Blocks(title=say("zh", "page_title"), fill_height=True, analytics_enabled=False) as demo:
        gr.Markdown(f"# {say('zh', 'product')} Zhiju", elem_id="zj-name")
        welcome = gr.Markdown("", elem_id="zj-welcome")
        chat = _chat(words)
        composer = _composer(words, settings.max_question, focus=not embed)
        conversation = gr.Textbox(elem_id="zj-conversation", visible="hidden", label="conversation")
        mode = gr.Textbox(elem_id="zj-mode", visible="hidden", label="mode")
        open_button = gr.Button("open", elem_id="zj-open", visible="hidden")
        outputs = [chat, composer, conversation, mode]
        composer.submit(page.ask, [composer, conversation, mode], outputs, **_QUIET)
        composer.stop(page.stop, None, None, **_QUIET)
        open_button.click(page.open, [conversation], outputs, **_QUIET)
        demo.load(page.greet, None, [welcome], **_QUIET)
    demo.queue(default_concurrency_limit=None, max_size=None, api_open=False)
    demo._queue.sleep_when_free = LOOKS_FOR_WORK
    demo._queue.progress_update_sleep_when_free = LOOKS_FOR_PROGRESS
    blocks: gr.Blocks = demo
    return blocks


def _chat(words: gr.I18n) -> gr.Chatbot:
    """The messages. Their HTML is ours and complete: Gradio adds no buttons, files, formulas or grouping."""
    return gr.Chatbot(
        elem_id="zj-chat",
        label=words("conversation"),
        show_label=False,
        container=False,
        height="100%",
        min_height=120,
        scale=1,
        layout="panel",
        allow_tags=False,
        buttons=[],
        latex_delimiters=[],
        autoscroll=False,
        group_consecutive_messages=False,
        allow_file_downloads=False,
    )


def _composer(words: gr.I18n, longest: int, *, focus: bool) -> gr.Textbox:
    """The question field."""
    return gr.Textbox(
        elem_id="zj-composer",
        placeholder=words("composer"),
        label=words("composer_label"),
        show_label=True,
        lines=1,
        max_lines=8,
        max_length=longest,
        submit_btn=True,
        stop_btn=True,
        autofocus=focus,
    )


def page_words() -> gr.I18n:
    """The words of Gradio's own parts, in every language of the page."""
    return gr.I18n(**interface_texts())


def page_options() -> dict[str, Any]:
    """What ``gr.mount_gradio_app`` is to be called with, beside application, Blocks and path.

    Style and script come with ``rag.web.page_shell``.
    """
    return {
        "theme": gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        "i18n": page_words(),
        "footer_links": [],
        "show_error": False,
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "mcp_server": False,
        "pwa": False,
        "allowed_paths": [],
        "app_kwargs": {"openapi_url": None, "docs_url": None, "redoc_url": None},
    }

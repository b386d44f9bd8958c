"""Every word on the page that is neither an answer nor a document's, in Chinese and in English.

Knows keys and languages, nothing of where a sentence is shown. A value in braces is filled in by the caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal
from urllib.parse import parse_qs

Language = Literal["zh", "en"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")

_TEXTS: dict[str, tuple[str, str]] = {
    # The page
    "product": ("知据", "Zhiju"),
    "tagline": ("有据可查的文档问答", "Answers with their grounds"),
    "page_title": ("知据 · 有据可查的文档问答", "Zhiju · Answers with their grounds"),
    "welcome": ("想从文档里知道什么？", "What would you like to know from the documents?"),
    "welcome_lead": (
        "每一句回答都附上原文依据，点一下编号就能核对。",
        "Every sentence comes with its grounds: click a number to check it.",
    ),
    "welcome_documents": ("已收录 {count} 篇文档", "{count} documents are indexed"),
    "welcome_quotes": (
        "未配置语言模型：回答由原文语句摘录组成。",
        "No language model is configured: answers are quotes from the documents.",
    ),
    "opening": ("正在打开索引…", "Opening the index…"),
    "opening_lead": (
        "几秒后即可提问，也可以现在就写下问题。",
        "This takes a few seconds. You may write your question already.",
    ),
    "index_failed": ("索引无法打开", "The index cannot be opened"),
    "index_failed_lead": (
        "请联系管理员；原因见 /readyz。",
        "Please tell your administrator; /readyz names the cause.",
    ),
    "suggested": ("可以这样问", "You could ask"),
    "suggest_about": ("{topic}讲了什么？", "What is said about {topic}?"),
    "suggest_list": ("{topic}有哪些要点？", "What are the main points of {topic}?"),
    "composer": ("问点什么…", "Ask something…"),
    "composer_label": ("你的问题", "Your question"),
    "send": ("发送", "Send"),
    "stop": ("停止", "Stop"),
    "conversation": ("对话", "Conversation"),
    "new_conversation": ("新对话", "New conversation"),
    "history": ("历史对话", "History"),
    "history_empty": ("还没有对话", "No conversations yet"),
    "export": ("导出", "Export"),
    "export_markdown": ("导出为 Markdown", "Export as Markdown"),
    "export_json": ("导出为 JSON", "Export as JSON"),
    "theme": ("深色或浅色", "Dark or light"),
    "language": ("English", "中文"),
    "delete": ("删除", "Delete"),
    "delete_confirm": ("删除这段对话？此操作不可恢复。", "Delete this conversation? This cannot be undone."),
    "close": ("关闭", "Close"),
    "skip": ("跳到输入框", "Skip to the question field"),
    "disclaimer": ("请点开编号核对重要信息", "Check what matters: open the numbered grounds"),
    # What the planner did
    "searched": ("搜索了：{queries}", "Searched for: {queries}"),
    "rounds": ("{count} 轮", "{count} rounds"),
    "scope": ("范围：{scope}", "in: {scope}"),
    "steps": ("检索过程", "How this was found"),
    "round": ("第 {round} 轮", "Round {round}"),
    "stage_sparse": ("关键词 {count}", "words {count}"),
    "stage_dense": ("语义 {count}", "meaning {count}"),
    "stage_fused": ("合并 {count}", "merged {count}"),
    "stage_reranked": ("重排 {count}", "reordered {count}"),
    "evidence_kept": ("可用依据 {count} 段", "{count} usable passages"),
    "no_evidence": ("没有够格的依据", "no usable passage"),
    "did_reply": ("直接回答，没有检索", "Answered without searching"),
    "did_clarify": ("先问清楚", "Asking first"),
    "did_abstain": ("没有继续搜索", "Stopped searching"),
    "planning": ("正在理解问题…", "Reading the question…"),
    "searching": ("正在搜索：{queries}", "Searching for: {queries}"),
    "reading": ("正在阅读 {count} 段依据…", "Reading {count} passages…"),
    "writing": ("正在回答…", "Writing…"),
    # Why the planner decided so
    "reason_greeting": ("打招呼", "a greeting"),
    "reason_thanks": ("道谢", "thanks"),
    "reason_farewell": ("道别", "a goodbye"),
    "reason_smalltalk": ("闲聊", "small talk"),
    "reason_about_bot": ("关于助手自己", "about the assistant"),
    "reason_arithmetic": ("算式自带数字，直接计算", "a sum that needs no documents"),
    "reason_text_task": ("处理消息里自带的文字", "work on the text in the message"),
    "reason_rework": ("改写上一个回答", "work on the previous answer"),
    "reason_ambiguous_reference": ("指代不明", "unclear what is meant"),
    "reason_missing_subject": ("缺少对象，可能指多个内容", "fits several things and names none"),
    "reason_clarified": ("按你的选择继续原来的问题", "goes on with what you chose"),
    "reason_follow_up": ("结合上文补全了问题", "completed from the conversation"),
    "reason_comparison": ("对比多项，分别搜索", "a comparison: each side is searched for"),
    "reason_multi_part": ("一问多题，分别搜索", "several questions: each is searched for"),
    "reason_scoped": ("问题点名了文档或章节", "the question names a document or section"),
    "reason_default": ("到文档中查找", "looked up in the documents"),
    "reason_refine_missing": ("有一部分还没有依据，换个说法再搜", "a part is missing: searched in other words"),
    "reason_refine_bridge": ("顺着已找到的名称继续搜", "followed a name that was found"),
    "reason_second_look": ("答案里有不确定的数字或名称，再查一次", "searched for a value that the answer was unsure of"),
    "reason_no_evidence": ("没有接近的内容", "nothing comes near"),
    "reason_missing_entity": ("文档里没有问到的名称、版本或年份", "a name, version or year is not in the documents"),
    "reason_insufficient": ("有相关主题，但没有问到的内容", "the topic is there, the answer is not"),
    # Verdicts
    "partly": ("部分有据", "partly grounded"),
    "partly_title": (
        "这句话只有一部分能在文档中找到依据",
        "Only a part of this sentence is supported by the documents",
    ),
    "unsupported": ("未见依据", "no grounds found"),
    "unsupported_title": (
        "文档中没有找到支持这句话的内容",
        "Nothing in the documents was found to support this sentence",
    ),
    "conflicting": ("说法不一", "sources disagree"),
    "conflicting_title": ("文档之间对此说法不一", "The documents disagree about this"),
    "all_supported": ("{count} 句均有依据", "all {count} sentences grounded"),
    "one_supported": ("有原文依据", "grounded"),
    "some_supported": ("{total} 句中 {count} 句有依据", "{count} of {total} sentences grounded"),
    # Sources
    "sources": ("来源 {count}", "Sources {count}"),
    "source_number": ("来源 {number}", "Source {number}"),
    "cite_title": ("来源 {number}：{title}", "Source {number}: {title}"),
    "cite_waiting": ("来源 {number}", "Source {number}"),
    "page_number": ("第 {page} 页", "p. {page}"),
    "open_document": ("查看全文", "Open the document"),
    "back_to_answer": ("回到回答", "Back to the answer"),
    "source_panel": ("原文依据", "Grounds"),
    "changed": ("原文已修改", "changed since"),
    "changed_title": (
        "文档在回答之后有改动，这里保留回答时的原文",
        "The document has changed since; this is the text as it was",
    ),
    "gone": ("文档已移除", "removed since"),
    "gone_title": (
        "文档已不在索引中，这里保留回答时的原文",
        "The document is no longer indexed; this is the text as it was",
    ),
    # Disagreement, clarification, abstention
    "conflict": ("文档说法不一：{subject}", "The documents disagree: {subject}"),
    "conflict_bare": ("文档说法不一", "The documents disagree"),
    "newer": ("较新", "newer"),
    "undated": ("日期不明", "undated"),
    "choose": ("请选择，或自己补充：", "Choose one, or write your own:"),
    "clarify": ("你指的是哪一个？", "Which one do you mean?"),
    "clarify_subject": ("「{subject}」指的是哪一个？", "Which “{subject}” do you mean?"),
    "abstained": ("文档中没有提到", "The documents do not say"),
    "nearest": ("最接近的文档：", "The nearest documents:"),
    "missing": ("没有找到依据的部分：{parts}", "No grounds were found for: {parts}"),
    "recalled": (
        "不看文档时，语言模型会答“{recalled}”；以文档为准。",
        "Without the documents the model would have said “{recalled}”; the documents stand.",
    ),
    "quotes": ("原文摘录", "quotes"),
    "quotes_title": (
        "未配置语言模型：回答由文档原句组成",
        "No language model is configured: the answer is made of sentences from the documents",
    ),
    "written_by": ("由 {model} 撰写", "written by {model}"),
    "follow_ups": ("还可以问", "You could go on with"),
    "follow_missing": ("关于{part}，文档里有什么？", "What do the documents say about {part}?"),
    "follow_more": ("关于「{section}」还有什么？", "What else is said about “{section}”?"),
    "follow_list": ("把要点列成清单", "List the main points"),
    "follow_table": ("用表格对比一下", "Compare them in a table"),
    # Acts upon an answer
    "copy": ("复制（含来源）", "Copy with sources"),
    "copied": ("已复制", "Copied"),
    "copy_failed": ("无法复制，请手动选择文字", "Copying is not allowed here: select the text instead"),
    "regenerate": ("重新回答", "Answer again"),
    "edit": ("修改问题", "Edit the question"),
    "editing": ("正在修改上一个问题", "Editing the last question"),
    "cancel": ("取消", "Cancel"),
    "thumb_up": ("有帮助", "Helpful"),
    "thumb_down": ("没帮助", "Not helpful"),
    "thumb_reason": ("哪里不对？（可不填）", "What was wrong? (optional)"),
    "thumb_send": ("提交", "Submit"),
    "thumb_thanks": ("谢谢反馈", "Thank you"),
    "thumb_wrong": ("内容不对", "Wrong"),
    "thumb_source": ("依据不符", "Grounds do not fit"),
    "thumb_incomplete": ("不完整", "Incomplete"),
    "thumb_irrelevant": ("答非所问", "Beside the question"),
    # States that are not answers
    "stopped": ("已停止，以上内容不完整", "Stopped: the text above is incomplete"),
    "interrupted": ("回答中断了", "The answer broke off"),
    "lost": ("连接已断开，请检查网络后重试。", "The connection was lost. Check the network and try again."),
    "empty_question": ("请先写下问题。", "Write a question first."),
    "question_too_long": ("问题太长，最多 {limit} 个字。", "The question is too long: at most {limit} characters."),
    "invalid_request": ("请求无效。", "The request is not valid."),
    "not_found": ("对话不存在或不属于你。", "This conversation does not exist, or it is not yours."),
    "identity_required": (
        "登录已过期，请从原页面重新打开对话。",
        "Your sign-in has expired: open the chat from its page again.",
    ),
    "rate_limited": (
        "提问太频繁，请 {seconds} 秒后再试。",
        "Too many questions. Try again in {seconds} seconds.",
    ),
    "busy": ("现在提问的人很多，请稍后再试。", "Many people are asking right now. Try again in a moment."),
    "index_not_ready": ("索引还在打开，请稍后再试。", "The index is still being opened. Try again in a moment."),
    "index_unusable": ("索引无法使用，请联系管理员。", "The index cannot be used. Please tell your administrator."),
    "model_failed": ("语言模型暂时不可用，请重试。", "The language model is unavailable. Please try again."),
    "internal_error": ("出了点问题，请重试。", "Something went wrong. Please try again."),
    "try_again": ("重试", "Try again"),
    # The whole document
    "document": ("文档", "Document"),
    "document_modified": ("修改于 {date}", "modified {date}"),
    "document_passage": ("跳到引用处", "Go to the cited passage"),
    "document_contents": ("目录", "Contents"),
    # Export
    "export_question": ("问", "Question"),
    "export_answer": ("答", "Answer"),
    "export_sources": ("来源", "Sources"),
}

PAGE_SCRIPT_KEYS: tuple[str, ...] = (
    "product", "tagline", "new_conversation", "history", "history_empty", "export", "export_markdown",
    "export_json", "theme", "language", "delete", "delete_confirm", "close", "skip", "source_panel",
    "open_document", "back_to_answer", "copied", "copy_failed", "editing", "cancel", "send", "stop",
    "thumb_up", "thumb_down", "thumb_reason", "thumb_send", "thumb_thanks", "thumb_wrong", "thumb_source",
    "thumb_incomplete", "thumb_irrelevant", "lost", "opening", "disclaimer",
)  # fmt: skip
"""What the script in the browser says."""

INTERFACE_KEYS: tuple[str, ...] = ("composer", "composer_label", "send", "stop", "conversation")
"""What Gradio's own parts say."""


def say(language: Language, key: str, **values: object) -> str:
    """The text ``key`` in ``language`` with ``values`` filled in. Raises KeyError for an unknown key."""
    text = _TEXTS[key][LANGUAGES.index(language)]
    return text.format(**values) if values else text


def known(key: str) -> bool:
    """Whether there is a text of this name."""
    return key in _TEXTS


def keys() -> tuple[str, ...]:
    """All names."""
    return tuple(_TEXTS)


def script_texts() -> dict[Language, dict[str, str]]:
    """What the script in the browser says, by language."""
    return {language: {key: say(language, key) for key in PAGE_SCRIPT_KEYS} for language in LANGUAGES}


def interface_texts() -> dict[str, dict[str, str]]:
    """What Gradio's own parts say, by the browser's language codes."""
    words = {language: {key: say(language, key) for key in INTERFACE_KEYS} for language in LANGUAGES}
    chinese = dict.fromkeys(("zh", "zh-CN", "zh-TW", "zh-HK", "zh-SG"), words["zh"])
    return chinese | {"en": words["en"]}


def language_of(query: Mapping[str, str] | str, accept_language: str) -> Language:
    """The language of the page: ``?lang=`` first, then the browser's preference, then English."""
    parameters = {key: values[-1] for key, values in parse_qs(query).items()} if isinstance(query, str) else query
    chosen = str(parameters.get("lang", ""))[:16].lower()
    for candidate in (chosen, *_preferences(accept_language[:200])):
        if candidate.startswith("zh"):
            return "zh"
        if candidate.startswith("en"):
            return "en"
    return "en"


def _preferences(header: str) -> list[str]:
    weighted: list[tuple[float, str]] = []
    for part in header.split(","):
        code, _, parameters = part.strip().partition(";")
        weight = parameters.strip().removeprefix("q=")
        try:
            weighted.append((float(weight) if weight else 1.0, code.strip().lower()))
        except ValueError:
            continue
    return [code for _, code in sorted(weighted, key=lambda pair: -pair[0])]

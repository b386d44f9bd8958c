/* Everything around the messages: header, menus, the passage panel, copying, ratings, shortcuts.
   Messages come from the server as sanitised HTML; this script finds its way by their classes and ids alone.
   Works without storage, without a clipboard and inside a frame. */
(() => {
  "use strict";
  if (window.zhiju) return;
  window.zhiju = true;

  const data = JSON.parse(document.getElementById("zj-data").textContent);
  const query = new URLSearchParams(location.search);
  const language = data.language;
  const words = data.texts;
  const wide = matchMedia("(min-width: 1100px)");
  const code = language === "zh" ? "zh-CN" : "en";
  if (!navigator.language.startsWith(language)) {
    Object.defineProperty(navigator, "language", { get: () => code });
    Object.defineProperty(navigator, "languages", { get: () => [code] });
  }

  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const field = (id) => $(`#${id} textarea, #${id} input`);

  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  function icon(...paths) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    for (const [name, value] of Object.entries({ viewBox: "0 0 24 24", fill: "none", stroke: "currentColor",
      "stroke-width": "1.75", "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true" })) {
      svg.setAttribute(name, value);
    }
    for (const d of paths) {
      const path = document.createElementNS(svg.namespaceURI, "path");
      path.setAttribute("d", d);
      svg.append(path);
    }
    return svg;
  }

  /* Storage that may be refused: then it lasts as long as the page. */
  const memory = {};
  const keep = (area, name, value) => {
    const key = `zhiju${data.embed ? ".embed" : ""}${data.base}.${name}`;
    memory[key] = value;
    try { value ? window[area].setItem(key, value) : window[area].removeItem(key); } catch { /* refused */ }
  };
  const kept = (area, name) => {
    const key = `zhiju${data.embed ? ".embed" : ""}${data.base}.${name}`;
    try { return window[area].getItem(key) || memory[key] || ""; } catch { return memory[key] || ""; }
  };

  /* Gradio's fields */
  function put(id, value) {
    const element = field(id);
    if (!element || element.value === value) return;
    element.value = value;
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const settled = () => pause(40);
  const busy = () => Boolean($(".zj-live"));
  const conversation = () => field("zj-conversation")?.value || "";

  /* Gradio drops without a trace what is sent before the page is quite alive, or while the event of the last answer
     is still being closed. Until a request has left with the question it is sent again, and never after that. */
  const outcome = () => `${all(".zj-question").at(-1)?.id} ${$(".toast-wrap")?.innerHTML}`;
  let sending = 0;
  let underway = false;
  let expected = null; /* the question of which no request has left */
  const fetched = window.fetch;
  window.fetch = (address, options) => {
    if (typeof options?.body === "string" && String(address?.url || address).includes("/queue/join")) {
      if (JSON.parse(options.body).data?.[0] === expected) expected = null;
    }
    return fetched(address, options);
  };
  async function deliver(text) {
    if (!text.trim()) return;
    const own = ++sending;
    const before = outcome();
    underway = true;
    expected = text;
    for (let attempt = 0; attempt < 200; attempt++) {
      await pause(150);
      if (own !== sending) return;
      if (busy() || field("zj-composer")?.value !== text || outcome() !== before) break;
      if (expected === text) $("#zj-composer .submit-button")?.click();
    }
    underway = false;
  }
  async function ask(text, mode = "") {
    if (busy() || !text.trim()) return;
    const draft = field("zj-composer").value;
    put("zj-mode", mode);
    put("zj-composer", text);
    await settled();
    deliver(field("zj-composer").value);
    $("#zj-composer .submit-button").click();
    if (draft && draft !== text) restoreDraft(draft);
  }
  function restoreDraft(draft) {
    const started = Date.now();
    const timer = setInterval(() => {
      const empty = field("zj-composer").value === "";
      if (empty) put("zj-composer", draft);
      if (empty || Date.now() - started > 5000) clearInterval(timer);
    }, 50);
  }
  async function open(id) {
    closeMenus();
    closePanel();
    stopEditing();
    put("zj-conversation", id);
    keep("sessionStorage", "conversation", id);
    await settled();
    $("#zj-open").click();
    if (!data.embed || document.hasFocus()) field("zj-composer").focus({ preventScroll: true });
  }

  /* The conversation of before a reload: asked for until the server has answered or the reader has begun another. */
  async function reopen(id) {
    for (let attempt = 0; attempt < 40; attempt++) {
      await open(id);
      await pause(800);
      if (field("zj-mode").value === "opened" || $("#zj-chat .zj-question") || busy() || field("zj-composer").value) return;
    }
  }

  /* Spoken and shown notices */
  const said = make("div", { class: "zj-said", role: "status", "aria-live": "polite" });
  const announced = make("div", { class: "zj-sr", role: "status", "aria-live": "polite" });
  let saying = 0;
  function say(text) {
    said.textContent = text;
    clearTimeout(saying);
    saying = setTimeout(() => { said.textContent = ""; }, 2600);
  }

  /* Menus */
  let opened = null;
  function closeMenus(refocus = false) {
    if (!opened) return;
    opened.menu.hidden = true;
    opened.button.setAttribute("aria-expanded", "false");
    if (refocus) opened.button.focus();
    opened = null;
  }
  function menuButton(name, shape, fill) {
    const menu = make("div", { class: "zj-menu", hidden: true, role: "group", "aria-label": words[name] });
    const button = make("button", { class: "zj-tool", type: "button", title: words[name], "aria-label": words[name],
      "aria-expanded": "false", id: `zj-${name}` }, shape);
    button.addEventListener("click", async () => {
      const again = opened?.menu === menu;
      closeMenus();
      if (again) return;
      menu.replaceChildren();
      await fill(menu);
      menu.hidden = false;
      const box = button.getBoundingClientRect();
      menu.style.top = `${box.bottom + 6}px`;
      menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - menu.offsetWidth - 8))}px`;
      button.setAttribute("aria-expanded", "true");
      opened = { menu, button };
      $("button, a", menu)?.focus();
    });
    return [button, menu];
  }
  async function request(path, options = {}) {
    const response = await fetch(data.base + path, { credentials: "same-origin", ...options });
    if (!response.ok) throw new Error(String(response.status));
    return response.status === 204 ? null : response.json();
  }
  async function fillHistory(menu) {
    let list = [];
    try { list = (await request("/page/conversations")).conversations; } catch { say(words.lost); }
    if (!list.length) menu.append(make("p", {}, words.history_empty));
    for (const entry of list) {
      const when = new Date(entry.updated).toLocaleString(language === "zh" ? "zh-CN" : "en",
        { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
      const row = make("div", { class: "zj-row" },
        make("button", { class: "zj-item", type: "button", "aria-current": entry.id === conversation() ? "true" : null,
          onclick: () => open(entry.id) }, entry.title, make("small", {}, when)),
        make("button", { class: "zj-tool", type: "button", title: words.delete, "aria-label": `${words.delete}: ${entry.title}`,
          onclick: () => remove(entry, row) }, icon("M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9.500 7V4h5v3")));
      menu.append(row);
    }
  }
  async function remove(entry, row) {
    if (!confirm(words.delete_confirm)) return;
    try {
      await request(`/page/conversations/${entry.id}`, { method: "DELETE", headers: { "content-type": "application/json" } });
      row.remove();
      if (entry.id === conversation()) open("");
    } catch { say(words.lost); }
  }
  function fillExport(menu) {
    if (!conversation() || !$(".zj-done")) { menu.append(make("p", {}, words.history_empty)); return; }
    for (const [format, key] of [["md", "export_markdown"], ["json", "export_json"]]) {
      const address = `${data.base}/api/conversations/${conversation()}/export?format=${format}`;
      const link = make("a", { href: address, download: `zhiju-conversation.${format}`, hidden: true });
      menu.append(link, make("button", { class: "zj-item", type: "button", onclick: () => { link.click(); closeMenus(true); } }, words[key]));
    }
  }

  /* The frame around the chat */
  function tool(key, shape, action, text = "") {
    return make("button", { class: "zj-tool", type: "button", id: `zj-${key}`, title: words[key], "aria-label": words[key], onclick: action },
      shape, ...(text ? [make("span", { class: "zj-tool-text" }, text)] : []));
  }
  function header() {
    const mark = icon("M9.500 4H4v11", "M14.500 20H20V9");
    mark.setAttribute("stroke-width", "2.25");
    const dot = document.createElementNS(mark.namespaceURI, "rect");
    for (const [name, value] of Object.entries({ x: 9.25, y: 9.25, width: 5.5, height: 5.5, rx: 1.25, fill: "currentColor", stroke: "none" })) dot.setAttribute(name, value);
    mark.append(dot);
    return make("header", { class: "zj-header" },
      make("div", { class: "zj-brand" }, mark, make("b", {}, words.product), make("span", {}, words.tagline)),
      tool("new_conversation", icon("M12 5v14M5 12h14"), () => open(""), words.new_conversation),
      ...(data.embed ? [] : fullTools()));
  }
  function fullTools() {
    return [
      ...menuButton("history", icon("M12 7v5l3 2", "M3.500 12a8.500 8.500 0 1 0 2.600-6.100L3.500 8.300M3.500 4v4.300h4.300"), fillHistory),
      ...menuButton("export", icon("M12 4v11M7.500 11l4.500 4.500 4.500-4.500M4.500 19.500h15"), fillExport),
      tool("theme", icon("M12 3.500a8.500 8.500 0 1 0 8.500 8.500A6.500 6.500 0 0 1 12 3.500z"), toggleTheme),
      make("button", { class: "zj-tool", type: "button", id: "zj-language", lang: language === "zh" ? "en" : "zh", onclick: switchLanguage }, words.language)];
  }
  function toggleTheme() {
    const dark = !document.body.classList.contains("dark");
    document.body.classList.toggle("dark", dark);
    keep("localStorage", "theme", dark ? "dark" : "light");
  }
  function switchLanguage() {
    query.set("lang", language === "zh" ? "en" : "zh");
    location.search = query.toString();
  }

  /* The passage: in the panel beside the conversation where there is room, else in the message */
  const panelBody = make("div", { class: "zj-panel-body", tabindex: "0" });
  const panel = make("aside", { class: "zj-panel", "aria-label": words.source_panel },
    make("div", { class: "zj-panel-head" }, make("span", {}, words.source_panel),
      make("button", { class: "zj-tool", type: "button", title: words.close, "aria-label": words.close, onclick: () => closePanel(true) }, icon("M6 6l12 12M18 6L6 18"))),
    panelBody);
  let origin = null;
  function closePanel(refocus = false) {
    document.body.classList.remove("zj-with-panel");
    all(".zj-active").forEach((element) => element.classList.remove("zj-active"));
    if (refocus && origin?.isConnected) origin.focus();
  }
  function showPassage(identifier, from) {
    const [turn, marker, span] = identifier.replace(/^src-/, "").split("-");
    const card = document.getElementById(`src-${turn}-${marker}`);
    if (!card) return;
    closePanel();
    origin = from;
    from?.classList.add("zj-active");
    const number = span || "1";
    if (wide.matches) {
      const copy = $(".zj-passage", card).cloneNode(true);
      const target = $(`[id="src-${turn}-${marker}-${number}"]`, copy);
      target?.classList.add("zj-active");
      all("[id]", copy).forEach((element) => element.removeAttribute("id"));
      $(".zj-back", copy)?.addEventListener("click", () => closePanel(true));
      panelBody.replaceChildren(copy);
      document.body.classList.add("zj-with-panel");
      panelBody.focus({ preventScroll: true });
      (target || copy).scrollIntoView({ block: "center" });
    } else {
      card.open = true;
      card.classList.add("zj-active");
      const target = document.getElementById(`src-${turn}-${marker}-${number}`);
      target?.classList.add("zj-active");
      $("summary", card).focus({ preventScroll: true });
      (target || card).scrollIntoView({ block: "center" });
    }
  }

  /* Hover and focus preview of a citation */
  const hint = make("div", { class: "zj-hint", hidden: true, "aria-hidden": "true" });
  function showHint(link) {
    const [turn, marker, span] = link.hash.replace("#src-", "").split("-");
    const card = document.getElementById(`src-${turn}-${marker}`);
    const mark = document.getElementById(`src-${turn}-${marker}-${span || 1}`);
    if (!card || !mark || card.open) return;
    const text = mark.textContent;
    hint.replaceChildren(make("b", {}, $(".zj-title", card).textContent), text.length > 180 ? `${text.slice(0, 180)}…` : text);
    hint.hidden = false;
    const box = link.getBoundingClientRect();
    const above = box.top > hint.offsetHeight + 70;
    hint.style.top = `${above ? box.top - hint.offsetHeight - 6 : box.bottom + 6}px`;
    hint.style.left = `${Math.max(8, Math.min(box.left - 24, innerWidth - hint.offsetWidth - 8))}px`;
  }
  const hideHint = () => { hint.hidden = true; };

  /* Copying and ratings */
  async function copy(answer) {
    const text = $(".zj-copy-text", answer)?.textContent || "";
    try {
      await navigator.clipboard.writeText(text);
      say(words.copied);
    } catch {
      const area = make("textarea", { class: "zj-sr", "aria-hidden": "true" });
      area.value = text;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      say(done ? words.copied : words.copy_failed);
    }
  }
  const ratings = new Map();
  async function rate(message, thumb, reason = "") {
    ratings.set(message, thumb);
    paintRating(message);
    const body = JSON.stringify({ message_id: message, thumb: thumb || null, reason });
    try {
      await request("/page/ratings", { method: "POST", headers: { "content-type": "application/json" }, body });
      return true;
    } catch { say(words.lost); return false; }
  }
  function paintRating(message) {
    for (const thumb of ["up", "down"]) {
      const button = document.getElementById(`${thumb}-${message}`);
      const chosen = ratings.get(message) === thumb;
      button?.classList.toggle("zj-chosen", chosen);
      button?.setAttribute("aria-pressed", String(chosen));
    }
  }
  function rated(button, thumb) {
    const message = button.id.slice(thumb.length + 1);
    const again = button.classList.contains("zj-chosen");
    $(".zj-rating")?.remove();
    rate(message, again ? "" : thumb);
    if (again) return;
    if (thumb === "up") { say(words.thumb_thanks); return; }
    const note = make("input", { type: "text", maxlength: "300", placeholder: words.thumb_reason, "aria-label": words.thumb_reason });
    const send = async (reason) => { box.remove(); button.focus(); if (await rate(message, "down", reason)) say(words.thumb_thanks); };
    const reasons = ["wrong", "source", "incomplete", "irrelevant"].map((name) =>
      make("button", { class: "zj-choice zj-option", type: "button", onclick: () => send(words[`thumb_${name}`]) }, words[`thumb_${name}`]));
    const box = make("div", { class: "zj-rating", role: "group", "aria-label": words.thumb_reason }, make("p", {}, words.thumb_reason), ...reasons, note,
      make("button", { class: "zj-choice zj-option", type: "button", onclick: () => send(note.value.trim()) }, words.thumb_send),
      make("button", { class: "zj-choice zj-option", type: "button", onclick: () => { box.remove(); button.focus(); } }, words.cancel));
    note.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) { event.preventDefault(); send(note.value.trim()); } });
    button.closest(".zj-actions").after(box);
    reasons[0].focus();
  }

  /* Asking again in other words */
  const editing = make("div", { class: "zj-editing", hidden: true }, make("span", {}, words.editing),
    make("button", { class: "zj-tool", type: "button", onclick: () => stopEditing(true) }, words.cancel));
  function stopEditing(clear = false) {
    if (editing.hidden) return;
    editing.hidden = true;
    if (clear) { put("zj-mode", ""); put("zj-composer", ""); }
  }
  const questionOf = (button) => document.getElementById(`question-${button.id.replace(/^\D+/, "")}`)?.innerText || "";
  function edit(button) {
    if (underway) return; /* what is written now would go with the first picture of the answer that is on its way */
    put("zj-mode", "replace");
    put("zj-composer", questionOf(button));
    editing.hidden = false;
    field("zj-composer").focus();
  }

  function clicked(event) {
    if (opened && !opened.menu.contains(event.target) && !opened.button.contains(event.target)) closeMenus();
    const target = event.target.closest("a.cite, .zj-back, .zj-option, .zj-act, .zj-again, .zj-source > summary");
    if (!target || target.matches(".zj-choice")) return;
    hideHint();
    if (target.matches("a.cite")) {
      event.preventDefault();
      showPassage(target.hash.slice(1), target);
    } else if (target.matches(".zj-back")) {
      event.preventDefault();
      const link = origin?.isConnected ? origin : $(`${target.hash} a.cite`);
      if (link) { link.focus({ preventScroll: true }); link.scrollIntoView({ block: "center" }); }
    } else if (target.matches("summary")) {
      if (wide.matches) { event.preventDefault(); showPassage(target.parentElement.id, target); }
    } else if (target.matches(".zj-option")) {
      ask(target.textContent);
    } else if (target.matches(".zj-again, .zj-act-regenerate")) {
      ask(questionOf(target), "replace");
    } else if (target.matches(".zj-act-copy")) {
      copy(target.closest(".zj-answer"));
    } else if (target.matches(".zj-act-edit")) {
      edit(target);
    } else if (target.matches(".zj-act-up")) {
      rated(target, "up");
    } else if (target.matches(".zj-act-down")) {
      rated(target, "down");
    }
  }
  function pressed(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    if (opened) closeMenus(true);
    else if (!hint.hidden) hideHint();
    else if (document.body.classList.contains("zj-with-panel")) closePanel(true);
    else if (!editing.hidden) stopEditing(true);
    else if (window.parent !== window) window.parent.postMessage({ type: "zhiju:escape" }, "*");
  }

  /* What every new picture of the messages needs */
  let latest = "";
  function showLatest(log) {
    /* A new question goes to the top and its answer grows below it, so that one reads from the beginning. */
    const question = all(".zj-question", log).at(-1);
    const name = question ? `${question.id} ${question.textContent}` : "";
    if (name === latest) return;
    latest = name;
    if (!question) return;
    const row = question.closest(".message-row");
    const first = !row.previousElementSibling;
    log.style.setProperty("--zj-room", first ? "0px" : `${Math.max(0, log.clientHeight - question.offsetHeight - 96)}px`);
    log.scrollTop += row.getBoundingClientRect().top - log.getBoundingClientRect().top - (first ? 1000 : 0);
  }
  const unfolded = new Set();
  let wasLive = false;
  function tidy() {
    const log = $("#zj-chat [role=log]");
    if (!log) return;
    log.setAttribute("aria-live", "off");
    log.setAttribute("aria-label", words.product);
    log.setAttribute("tabindex", "0");
    all("[data-testid=bot], [data-testid=user]", log).forEach((element) => element.removeAttribute("aria-label"));
    all("a.cite[title]", log).forEach((link) => { link.setAttribute("aria-label", link.title); link.removeAttribute("title"); });
    all(".zj-table:not([tabindex])", log).forEach((element) => { element.tabIndex = 0; element.setAttribute("role", "group"); });
    all(".zj-text pre:not([tabindex])", log).forEach((element) => { element.tabIndex = 0; });
    all("details.zj-steps", log).forEach((element) => {
      if (unfolded.has(element.id) && !element.open) element.open = true;
      if (element.dataset.seen) return;
      element.dataset.seen = "1";
      element.addEventListener("toggle", () => { if (element.isConnected) element.open ? unfolded.add(element.id) : unfolded.delete(element.id); });
    });
    ratings.forEach((_, message) => paintRating(message));
    all(".zj-act-up:not([aria-pressed]), .zj-act-down:not([aria-pressed])", log).forEach((button) =>
      button.setAttribute("aria-pressed", String(button.classList.contains("zj-chosen"))));
    showLatest(log);
    const live = busy();
    log.setAttribute("aria-busy", String(live));
    if (wasLive && !live) announced.textContent = all(".zj-answer .zj-text").at(-1)?.textContent || "";
    if (field("zj-mode").value !== "replace") stopEditing();
    wasLive = live;
    if (conversation()) keep("sessionStorage", "conversation", conversation());
  }

  /* Sending. Heard from the first moment: one may write before the rest of the page is there. */
  let composing = 0; /* the instant until which Enter belongs to the input method */
  const isComposer = (element) => Boolean(element?.matches?.("#zj-composer textarea"));
  function watchComposer() {
    for (const [kind, until] of [["compositionstart", () => Infinity], ["compositionend", () => Date.now() + 60]]) {
      window.addEventListener(kind, (event) => { if (isComposer(event.target)) composing = until(); }, true);
    }
    for (const kind of ["keydown", "keypress"]) {
      window.addEventListener(kind, (event) => {
        if (!isComposer(event.target) || event.key !== "Enter") return;
        if (event.isComposing || event.keyCode === 229 || Date.now() < composing) {
          event.stopImmediatePropagation();
          if (!event.isComposing) event.preventDefault();
        } else if (kind === "keydown" && !event.shiftKey && !busy()) deliver(event.target.value);
      }, true);
    }
    window.addEventListener("click", (event) => {
      if (event.isTrusted && event.target.closest?.("#zj-composer .submit-button")) deliver(field("zj-composer").value);
    }, true);
  }

  /* Beginning */
  let began = false;
  function begin() {
    const composer = $("#zj-composer");
    if (began || !composer || !field("zj-composer") || !$("#zj-open") || !field("zj-conversation")) return;
    began = true;
    watching.disconnect();
    document.body.classList.toggle("zj-embed", data.embed);
    const theme = kept("localStorage", "theme");
    if (theme && !query.get("__theme")) document.body.classList.toggle("dark", theme === "dark");
    document.title = `${words.product} · ${words.tagline}`;
    $("#zj-composer .submit-button").setAttribute("aria-label", words.send);
    $("#zj-composer .stop-button").setAttribute("aria-label", words.stop);
    composer.before(editing);
    const app = $("gradio-app");
    app.before(header());
    app.before(make("a", { class: "zj-skip", href: "#zj-composer", onclick: (event) => { event.preventDefault(); field("zj-composer").focus(); } }, words.skip));
    app.after(panel, hint, said, announced, make("footer", { class: "zj-foot" }, words.disclaimer));
    let timer = 0;
    new MutationObserver(() => { clearTimeout(timer); timer = setTimeout(tidy, 30); }).observe($("#zj-chat"), { childList: true, subtree: true, characterData: true });
    tidy();
    const asked = (query.get("q") || "").slice(0, data.limit);
    if (asked) setTimeout(() => { put("zj-composer", asked); field("zj-composer").focus(); }, 60);
    const id = kept("sessionStorage", "conversation");
    if (id) setTimeout(() => reopen(id), 60);
  }
  window.addEventListener("pagehide", () => { if (conversation()) keep("sessionStorage", "conversation", conversation()); });
  const watching = new MutationObserver(begin);
  document.addEventListener("DOMContentLoaded", () => {
    watching.observe(document.body, { childList: true, subtree: true });
    begin();
  });
  watchComposer();
  document.addEventListener("click", clicked);
  document.addEventListener("keydown", pressed);
  for (const kind of ["mouseover", "focusin"]) {
    document.addEventListener(kind, (event) => {
      const link = event.target.closest?.("#zj-chat a.cite");
      if (!link) return;
      if (kind === "focusin" ? link.matches(":focus-visible") : matchMedia("(hover: hover)").matches) showHint(link);
    });
  }
  for (const kind of ["mouseout", "focusout"]) {
    document.addEventListener(kind, (event) => { if (event.target.closest?.("a.cite")) hideHint(); });
  }
  document.addEventListener("scroll", hideHint, true);
})();

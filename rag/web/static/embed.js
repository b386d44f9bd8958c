/* The chat bubble of Zhiju: one script tag on a wiki page.
 *
 *   <script src="https://BOT/embed.js" data-lang="zh" defer></script>
 *
 * data-theme      light | dark | system (default)
 * data-lang       zh | en (default: the page's language)
 * data-title      the bubble's name
 * data-color      the button's colour, such as #1f6feb
 * data-position   right (default) | left
 * data-token-url  an address of the wiki that answers {"token": "…"} for the reader who is signed in
 *
 * Holds no secret, stores nothing, and loads the chat only when it is opened.
 */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || window.zhijuBubble) { return; }
  var bot = new URL(".", script.src);
  var options = script.dataset;
  var chinese = /^zh/i.test(options.lang || document.documentElement.lang || navigator.language || "zh");
  var title = options.title || (chinese ? "文档问答" : "Ask the documents");
  var words = chinese
    ? { open: "打开", close: "关闭", failed: "无法取得登录凭证，请刷新页面后再试。" }
    : { open: "Open", close: "Close", failed: "No sign-in could be had. Reload the page and try again." };
  var color = /^#[0-9a-f]{3,8}$|^[a-z]+$/i.test(options.color || "") ? options.color : "#1f5fbf";
  var side = options.position === "left" ? "left" : "right";
  var theme = /^(light|dark)$/.test(options.theme || "") ? options.theme : "";

  var host = document.createElement("div");
  var root = host.attachShadow({ mode: "open" });
  var button = document.createElement("button");
  var panel = document.createElement("div");
  var frame = null;
  host.id = "zhiju-bubble";

  function set(element, styles) {
    Object.keys(styles).forEach(function (name) { element.style.setProperty(name, styles[name]); });
  }

  function dress() {
    set(host, { all: "initial" });
    set(button, {
      position: "fixed", bottom: "16px", width: "52px", height: "52px", border: "0", "border-radius": "50%",
      background: color, color: "#fff", cursor: "pointer", "z-index": "2147483000", padding: "0",
      "box-shadow": "0 2px 10px rgba(0,0,0,.3)", font: "24px/52px system-ui, sans-serif"
    });
    button.style.setProperty(side, "16px");
    set(panel, {
      position: "fixed", bottom: "80px", width: "min(420px, calc(100vw - 32px))",
      height: "min(640px, calc(100vh - 100px))", "z-index": "2147483000", display: "none",
      "border-radius": "12px", overflow: "hidden", "box-shadow": "0 8px 32px rgba(0,0,0,.35)",
      background: theme === "dark" ? "#17181c" : "#fff", color: theme === "dark" ? "#eee" : "#222",
      font: "15px/1.5 system-ui, sans-serif"
    });
    panel.style.setProperty(side, "16px");
  }

  function label() {
    var open = button.getAttribute("aria-expanded") === "true";
    var name = (open ? words.close : words.open) + (chinese ? "" : " ") + title;
    button.setAttribute("aria-label", name);
    button.title = name;
    button.textContent = open ? "×" : "?";
  }

  function address(token) {
    var url = new URL("embed/", bot);
    url.searchParams.set("lang", chinese ? "zh" : "en");
    url.searchParams.set("ctx", document.title.slice(0, 200));
    if (theme) { url.searchParams.set("__theme", theme); }
    if (token) { url.searchParams.set("t", token); }
    return url.href;
  }

  function token() {
    if (!options.tokenUrl) { return Promise.resolve(""); }
    return fetch(new URL(options.tokenUrl, document.baseURI), { credentials: "same-origin", cache: "no-store" })
      .then(function (reply) {
        if (!reply.ok) { throw new Error(String(reply.status)); }
        return reply.json();
      })
      .then(function (reply) { return String(reply.token || ""); });
  }

  function load() {
    panel.textContent = "";
    frame = document.createElement("iframe");
    frame.title = title;
    frame.setAttribute("allow", "clipboard-write; local-network-access");
    frame.referrerPolicy = "no-referrer";
    set(frame, { width: "100%", height: "100%", border: "0", display: "block", "color-scheme": "normal" });
    panel.appendChild(frame);
    token().then(function (value) { frame.src = address(value); }, function () {
      var notice = document.createElement("p");
      notice.textContent = words.failed;
      notice.setAttribute("role", "alert");
      set(notice, { margin: "16px" });
      panel.replaceChildren(notice);
      frame = null;
    });
  }

  function show() {
    panel.style.display = "block";
    button.setAttribute("aria-expanded", "true");
    label();
    if (!frame) { load(); }
    if (frame) { frame.focus(); }
  }

  function hide() {
    panel.style.display = "none";
    button.setAttribute("aria-expanded", "false");
    label();
    button.focus();
  }

  function toggle() {
    if (panel.style.display === "none") { show(); } else { hide(); }
  }

  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", title);
  button.addEventListener("click", toggle);
  window.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && panel.style.display !== "none") { hide(); }
  });
  window.addEventListener("message", function (event) {
    if (!frame || event.source !== frame.contentWindow || event.origin !== bot.origin) { return; }
    if (event.data && event.data.type === "zhiju:escape") { hide(); }
  });
  dress();
  label();
  root.appendChild(panel);
  root.appendChild(button);
  (document.body || document.documentElement).appendChild(host);
  window.zhijuBubble = { open: show, close: hide };
})();

/* The administrator's page. The token lives in this tab only; every text is set as text, never as HTML. */
(function () {
  "use strict";
  const api = new URL("admin/api/", document.baseURI);
  const by = (id) => document.getElementById(id);
  const state = { token: "", language: /^zh/i.test(navigator.language) ? "zh" : "en", documents: [], can: false, timer: 0 };
  const words = {
    zh: { ready: "索引已打开", opening: "索引正在打开", documents: "篇文档", remove: "移除", sure: "从索引中移除这篇文档？", removed: "已移除", uploaded: "已上传，重建索引后生效", failed: "未能索引的文件", done: "重建完成", embedded: "段新嵌入", chunks: "段", wrong: "出错了", plan: "计划", sparse: "词面检索", dense: "语义检索", fused: "融合", reranked: "重排", answer: "回答", none: "没有内容", case: "转为评测用例", readonly: "本服务只读取索引，不能修改。", answered: "已回答", partial: "部分回答", abstained: "文档中没有", clarify: "反问", replied: "直接回复", start: "正在读取文件", embed: "正在嵌入", open: "正在打开新索引", other: "English" },
    en: { ready: "The index is open", opening: "The index is being opened", documents: "documents", remove: "Remove", sure: "Remove this document from the index?", removed: "Removed", uploaded: "Uploaded; takes effect when re-indexed", failed: "Files that could not be indexed", done: "Re-indexed", embedded: "newly embedded", chunks: "chunks", wrong: "Something went wrong", plan: "Plan", sparse: "Sparse", dense: "Dense", fused: "Fused", reranked: "Reranked", answer: "Answer", none: "Nothing here", case: "As evaluation case", readonly: "This server only reads its index.", answered: "answered", partial: "in part", abstained: "not in the documents", clarify: "asked back", replied: "replied", start: "Reading files", embed: "Embedding", open: "Opening the new index", other: "中文" },
  };
  const say = (key) => words[state.language][key] || key;

  function element(tag, text, className) {
    const made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function notice(text, bad) {
    by("notice").textContent = text;
    by("notice").className = bad ? "bad" : "";
  }

  async function call(path, options = {}) {
    const reply = await fetch(new URL(path, api), { ...options, headers: { authorization: "Bearer " + state.token, ...(options.headers || {}) } });
    if (!reply.ok) {
      let message = String(reply.status);
      try { message = (await reply.json()).error.message; } catch { /* not ours */ }
      throw new Error(message);
    }
    return reply;
  }

  const json = async (path, options) => (await call(path, options)).json();
  const post = (path, body) => json(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body || {}) });

  function attempt(work) {
    return async (event) => {
      if (event) event.preventDefault();
      try { await work(event); } catch (error) { notice(say("wrong") + ": " + error.message, true); }
    };
  }

  function translate() {
    document.documentElement.lang = state.language;
    for (const node of document.querySelectorAll("[data-zh]")) node.textContent = node.dataset[state.language];
    for (const node of document.querySelectorAll("[data-zh-placeholder]")) node.placeholder = node.dataset[state.language + "Placeholder"];
    by("language").textContent = say("other");
    renderDocuments();
  }

  function renderDocuments() {
    const wanted = by("filter").value.trim().toLowerCase();
    by("rows").replaceChildren(...state.documents.filter((d) => (d.title + d.id + d.source).toLowerCase().includes(wanted)).map((d) => {
      const row = element("tr");
      const title = element("td");
      title.append(element("strong", d.title), ...(d.id === d.source ? [] : [element("div", d.id, "quiet")]));
      const action = element("td");
      if (state.can) {
        const remove = element("button", say("remove"), "danger");
        remove.type = "button";
        remove.setAttribute("aria-label", say("remove") + " " + d.title);
        remove.addEventListener("click", attempt(async () => {
          if (!window.confirm(say("sure") + "\n" + d.title)) return;
          notice("…");
          await call("documents?id=" + encodeURIComponent(d.id), { method: "DELETE" });
          notice(say("removed") + ": " + d.title);
          await refresh();
        }));
        action.append(remove);
      }
      row.append(title, element("td", d.source, "quiet"), element("td", d.characters.toLocaleString(), "number"), element("td", d.sections, "number"), element("td", d.modified.slice(0, 10), "quiet"), action);
      return row;
    }));
  }

  function renderJob(job) {
    const running = job.state === "running";
    const bar = by("progress");
    bar.hidden = !running;
    if (job.total) { bar.max = job.total; bar.value = job.done; } else { bar.removeAttribute("value"); }
    by("reindex").disabled = running || !state.can;
    const report = job.report;
    by("phase").className = job.error ? "bad" : "";
    by("phase").textContent = job.error || (running ? say(job.phase) + (job.total ? ` ${job.done} / ${job.total}` : "") : report ? `${say("done")}: ${report.documents} ${say("documents")}, ${report.chunks} ${say("chunks")}, ${report.embedded} ${say("embedded")}` : "");
    const failures = report ? report.failures : [];
    by("failures").replaceChildren();
    if (failures.length) {
      const card = element("div", null, "card");
      card.append(element("h2", `${say("failed")} (${failures.length})`, "bad"));
      for (const failure of failures) card.append(element("p", `${failure.source}: ${failure.reason}`));
      by("failures").append(card);
    }
    return running;
  }

  async function follow() {
    window.clearTimeout(state.timer);
    if (renderJob(await json("index"))) state.timer = window.setTimeout(attempt(follow), 700);
    else await refresh();
  }

  async function refresh() {
    const status = await json("status");
    state.can = status.can_change;
    state.documents = status.ready ? (await json("documents")).documents : [];
    by("state").textContent = [status.ready ? say("ready") : status.error || say("opening"), `${state.documents.length} ${say("documents")}`, state.can ? "" : say("readonly")].filter(Boolean).join(" · ");
    by("files").disabled = !state.can;
    renderDocuments();
    if (!status.ready && !status.error) {
      window.clearTimeout(state.timer);
      state.timer = window.setTimeout(attempt(refresh), 700);
    }
    return renderJob(status.job);
  }

  function renderStages(result) {
    const parts = result.steps.map((step) => {
      const box = element("details");
      box.open = step.step === "reranked" || step.step === "plan";
      box.append(element("summary", say(step.step) + (step.query ? `: ${step.query}` : "")));
      if (step.step === "plan") {
        box.append(element("p", [step.action, step.reason, ...step.queries].filter(Boolean).join(" · ")));
        return box;
      }
      const list = element("ol", null, "hits");
      for (const hit of step.hits) {
        const item = element("li");
        item.value = hit.rank;
        const head = element("div");
        if (hit.marker) head.append(element("mark", hit.marker), " ");
        head.append(element("strong", [hit.title, hit.section].filter(Boolean).join(" › ")), " ", element("span", hit.score, "quiet"));
        item.append(head, element("div", hit.text, "quiet"));
        list.append(item);
      }
      box.append(list);
      return box;
    });
    const answer = element("div", null, "card");
    answer.append(element("h2", `${say("answer")} · ${say(result.answer.outcome)}`), element("p", result.answer.text));
    by("stages").replaceChildren(answer, ...parts);
  }

  function save(name, blob) {
    const link = element("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async function showFeedback() {
    const thumb = by("thumb").value;
    const { feedback } = await json("feedback" + (thumb ? "?thumb=" + thumb : ""));
    by("ratings").replaceChildren(...(feedback.length ? feedback : [null]).map((one) => {
      if (!one) return element("p", say("none"), "quiet");
      const card = element("article", null, "card");
      const button = element("button", say("case"));
      button.type = "button";
      button.addEventListener("click", attempt(async () => save(`case-${one.message.slice(0, 12)}.jsonl`, new Blob([JSON.stringify(await json("case?message=" + one.message)) + "\n"]))));
      card.append(element("h2", (one.thumb === "down" ? "👎 " : "👍 ") + one.question), element("p", one.answer), element("p", one.reason, one.thumb === "down" ? "bad" : "good"), element("p", `${one.outcome} · ${one.user} · ${one.created.slice(0, 16)}`, "quiet"), button);
      return card;
    }));
  }

  function choose(name) {
    for (const tab of document.querySelectorAll("[role=tab]")) {
      const chosen = tab.id === "tab-" + name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      by(tab.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (name === "feedback") attempt(showFeedback)();
  }

  by("door").addEventListener("submit", attempt(async () => {
    state.token = by("token").value.trim();
    const running = await refresh();
    by("door").hidden = true;
    by("room").hidden = false;
    notice("");
    if (running) await follow();
  }));
  by("language").addEventListener("click", () => { state.language = state.language === "zh" ? "en" : "zh"; translate(); });
  by("filter").addEventListener("input", renderDocuments);
  by("reindex").addEventListener("click", attempt(async () => { renderJob({ state: "running", phase: "start" }); await post("index"); await follow(); }));
  by("files").addEventListener("change", attempt(async () => {
    for (const file of [...by("files").files]) {
      await call("upload?name=" + encodeURIComponent(file.name), { method: "POST", headers: { "content-type": "application/octet-stream" }, body: file });
      notice(`${say("uploaded")}: ${file.name}`);
    }
    by("files").value = "";
  }));
  by("search").addEventListener("submit", attempt(async () => { notice("…"); renderStages(await post("search", { question: by("query").value })); notice(""); }));
  by("thumb").addEventListener("change", attempt(showFeedback));
  by("cases").addEventListener("click", attempt(async () => save("zhiju-feedback.jsonl", await (await call("cases")).blob())));
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, place) => {
    tab.addEventListener("click", () => choose(tab.id.slice(4)));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(place + step + tabs.length) % tabs.length];
      choose(next.id.slice(4));
      next.focus();
    });
  });
  choose("documents");
  translate();
})();

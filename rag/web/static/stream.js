/* Gradio's events, kept whole. One stream carries the messages of all events of a page; the server closes it when none
   is left. An event that is joined in that instant is heard on no stream: Gradio still takes the old one for open.
   Here such a stream goes on in a new one, and Gradio sees a single one that closes when all is done. */
(() => {
  "use strict";
  const fetched = window.fetch;
  const open = new Set(); /* events joined, and not completed */

  async function join(address, options) {
    const response = await fetched(address, options);
    const event = await response.clone().json().then((body) => body?.event_id, () => null);
    if (response.ok && event) open.add(event);
    return response;
  }

  /* Pass on what ``source`` says; true if it closed while events are open. */
  async function relay(source, out) {
    const reader = source.body.pipeThrough(new TextDecoderStream()).getReader();
    const bytes = new TextEncoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return false;
      const messages = (rest + value).split("\n\n");
      rest = messages.pop();
      for (const message of messages) {
        const said = read(message);
        if (said?.msg === "process_completed") open.delete(said.event_id);
        if (said?.msg === "close_stream" && open.size) { reader.cancel().catch(() => {}); return true; }
        out.enqueue(bytes.encode(`${message}\n\n`));
      }
    }
  }
  function read(message) {
    try { return JSON.parse(message.replace(/^data:/, "")); } catch { return null; }
  }

  async function listen(address, options) {
    const first = await fetched(address, options);
    if (!first.ok || !first.body) return first;
    const body = new ReadableStream({
      async start(out) {
        try {
          let source = first;
          while (await relay(source, out)) {
            source = await fetched(address, options);
            if (!source.ok || !source.body) throw new TypeError(`the stream ended with ${source.status}`);
          }
          out.close();
        } catch (error) { open.clear(); out.error(error); }
      },
    });
    return new Response(body, { status: first.status, statusText: first.statusText, headers: first.headers });
  }

  window.fetch = (address, options) => {
    const path = new URL(address?.url || address, document.baseURI).pathname;
    if (path.endsWith("/queue/join")) return join(address, options);
    return path.endsWith("/queue/data") ? listen(address, options) : fetched(address, options);
  };
})();

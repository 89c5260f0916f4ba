// Sends one chat request by the door of `fairlead console`, shows the answer as it comes, and where its time went.
(() => {
  "use strict";
  const get = id => document.getElementById(id);
  const form = get("playground");
  if (!form) return;
  let stop = null;

  const cell = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const say = words => { get("state").textContent = words; };
  const milliseconds = value => value < 1000 ? `${value.toFixed(value < 10 ? 2 : 1)} ms` : `${(value / 1000).toFixed(2)} s`;

  // "read;dur=0.1, queue;dur=2.0" as {read: 0.1, queue: 2}
  const timings = written => Object.fromEntries((written || "").split(",").map(one => one.trim().split(";dur="))
    .filter(one => one.length === 2).map(([name, value]) => [name, Number(value)]));

  const showPhases = phases => {
    const total = phases.reduce((sum, [, value]) => sum + value, 0);
    const body = document.createElement("tbody");
    for (const [name, value] of phases) {
      const bar = document.createElement("meter");
      Object.assign(bar, { max: total, value });
      bar.setAttribute("aria-label", `${name}: share of all time`);
      const row = document.createElement("tr"), head = cell("th", name), shown = cell("td", "");
      head.scope = "row";
      shown.append(bar);
      row.append(head, cell("td", milliseconds(value)), shown);
      body.append(row);
    }
    const table = document.createElement("table");
    table.append(cell("caption", `Time of each phase, ${milliseconds(total)} in all, as seen here`), body);
    get("phases").replaceChildren(table);
  };

  const showFacts = facts => get("facts").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => {
    const one = document.createElement("div");
    one.append(cell("dt", name), cell("dd", String(value)));
    return one;
  }));

  // What an event of the stream adds; nothing where it is no event of a chat.
  const take = (line, found) => {
    if (!line.startsWith("data:") || line.includes("[DONE]")) return;
    let event;
    try { event = JSON.parse(line.slice(5)); } catch { return; }
    // vLLM and others name a model's reasoning differently, and some write an empty content beside it.
    const choice = event.choices?.[0], delta = choice?.delta;
    const text = delta?.content || delta?.reasoning || delta?.reasoning_content || "";
    if (text && found.first === null) found.first = performance.now();
    if (text) get("answer").append(text);
    if (choice?.finish_reason) found.ending = choice.finish_reason;
    if (event.usage) found.usage = event.usage;
    if (event.error) found.error = event.error.message || "the engine ended it with an error";
  };

  const read = async (answer, found) => {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ;) {
      const { done, value } = await reader.read();
      const lines = (rest + (value || "")).split("\n");
      rest = done ? "" : lines.pop();
      for (const line of lines) take(line.trim(), found);
      if (done) return;
    }
  };

  const phasesOf = (found, router, cached) => {
    const inRouter = ["read", "queue", "retries"].map(name => router[name] || 0);
    const way = Math.max(0, found.head - found.sent - inRouter[0] - inRouter[1] - inRouter[2] - (router.engine || 0));
    const first = found.first ?? found.head;
    const known = "engine" in router;
    if (cached) return [["Response cache, way there and back", found.end - found.sent]];
    return [
      [known ? "Way there and back" : "Until the first byte (phases are not shown to this tenant)", way],
      ...(known ? [["Router reads it", inRouter[0]], ["Router's queue", inRouter[1]]] : []),
      ...(inRouter[2] ? [["Attempts that failed", inRouter[2]]] : []),
      ["Engine until the first token", (router.engine || 0) + first - found.head],
      ["First token to the last", found.end - first],
    ];
  };

  const factsOf = (found, answer) => {
    const header = name => answer.headers.get(name), usage = found.usage || {};
    const pace = found.first === null || !usage.completion_tokens ? 0
      : (usage.completion_tokens - 1) / ((found.end - found.first) / 1000);
    return [
      ["Prompt tokens", usage.prompt_tokens], ["Of these from the cache", usage.prompt_tokens_details?.cached_tokens],
      ["Output tokens", usage.completion_tokens], ["Tokens a second", Number.isFinite(pace) && pace.toFixed(1)],
      ["Ended by", found.ending], ["Replica", header("x-fairlead-replica")], ["Chosen by", header("x-fairlead-decision")],
      ["Target", header("x-fairlead-target")], ["Fallback", header("x-fairlead-fallback")],
      ["Response cache", header("x-fairlead-cache")], ["Request ID", header("x-request-id")],
    ];
  };

  // `own` ends this request alone; once another one is sent, it is no longer `stop`, and what is shown is not its own.
  const send = async own => {
    const chosen = get("model").selectedOptions[0], key = get("key").value;
    const body = {
      model: chosen.value, messages: [{ role: "user", content: get("prompt").value }], stream: true,
      stream_options: { include_usage: true }, max_tokens: Number(get("tokens").value),
    };
    const found = { sent: performance.now(), head: 0, first: null, end: 0, ending: "", usage: null, error: "" };
    const answer = await fetch(`./playground/${chosen.dataset.service}`, {
      method: "POST", body: JSON.stringify(body), signal: own.signal,
      headers: { "Content-Type": "application/json", "X-Fairlead-Explain": "1", ...(key ? { "X-Api-Key": key } : {}) },
    });
    found.head = performance.now();
    if (!answer.ok) {
      const text = await answer.text();
      let words = text;
      try { const held = JSON.parse(text); words = held.error?.message || held.message || text; } catch { /* as it is */ }
      const remedy = answer.status === 401 ? " Give it as the API key above." : "";
      say(`${answer.status}: ${words.slice(0, 500)}${remedy}`);
      return;
    }
    try { await read(answer, found); } catch (problem) { if (!own.signal.aborted) found.error = problem.message; }
    if (own !== stop) return;
    found.end = performance.now();
    say(found.error ? `It broke off: ${found.error}` : own.signal.aborted ? "Stopped." : "Answered.");
    const cached = answer.headers.get("x-fairlead-cache")?.startsWith("hit");
    showPhases(phasesOf(found, timings(answer.headers.get("server-timing")), cached));
    showFacts(factsOf(found, answer));
  };

  form.addEventListener("submit", async event => {
    event.preventDefault();
    stop?.abort();
    const own = stop = new AbortController();
    get("answer").replaceChildren(); get("phases").replaceChildren(); get("facts").replaceChildren();
    say("Sent; no answer yet.");
    try {
      await send(own);
    } catch (problem) {
      if (own === stop) say(own.signal.aborted ? "Stopped." : `No answer: ${problem.message}`);
    }
  });
  get("stop").addEventListener("click", () => stop?.abort());
})();

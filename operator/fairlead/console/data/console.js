// Follows a page: loads it again every few seconds, while it is seen, and puts what came in place of what is shown.
(() => {
  "use strict";
  const EACH_MS = 5000, KEY = "follow";
  const button = document.getElementById("follow");
  if (!button) return;
  let timer = 0;
  const busy = () => document.hidden || document.activeElement?.tagName === "INPUT" || !getSelection().isCollapsed;

  // The page that came, or an error: of the API server and of proxies come texts and pages that are not the console's.
  const load = async () => {
    const answer = await fetch(location.href, { cache: "no-store" });
    const text = await answer.text();
    const came = new DOMParser().parseFromString(text, "text/html");
    if (answer.status < 500 && came.getElementById("follow") && came.querySelector("main")) return came;
    const isText = answer.headers.get("content-type")?.startsWith("text/plain");
    const words = isText ? text.trim().split("\n")[0].slice(0, 300) : came.querySelector("main h1")?.textContent;
    throw new Error(words ? `${answer.status}: ${words}` : String(answer.status));
  };

  const show = came => {
    const open = [...document.querySelectorAll("details")].map(one => one.open);
    for (const part of ["main", "header time"]) {
      const [held, fresh] = [document.querySelector(part), came.querySelector(part)];
      if (held && fresh) held.replaceWith(fresh);
    }
    document.querySelectorAll("details").forEach((one, at) => { one.open = Boolean(open[at]); });
    button.textContent = "Follow";
  };

  // Says since when the page is old; the next page that comes replaces it together with this note.
  const age = problem => {
    const words = `Not refreshed since ${document.querySelector("header time")?.textContent}: ${problem.message}`;
    const note = document.getElementById("old") || document.createElement("p");
    if (!note.isConnected) {
      Object.assign(note, { id: "old", className: "note" });
      note.setAttribute("role", "status");
      document.querySelector("main")?.prepend(note);
    }
    if (note.textContent !== words) note.textContent = words;
    button.textContent = "No answer";
  };

  const again = async () => {
    if (!busy()) {
      try { show(await load()); } catch (problem) { age(problem); }
    }
    plan();
  };
  const plan = () => {
    clearTimeout(timer);
    if (button.getAttribute("aria-pressed") === "true") timer = setTimeout(again, EACH_MS);
  };
  const set = on => {
    button.setAttribute("aria-pressed", String(on));
    sessionStorage.setItem(KEY, on ? "on" : "off");
    plan();
  };
  button.hidden = false;
  button.addEventListener("click", () => set(button.getAttribute("aria-pressed") !== "true"));
  set(sessionStorage.getItem(KEY) === "on");
})();

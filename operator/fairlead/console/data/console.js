// Follows a page: loads it again every few seconds, while it is seen, and puts what came in place of what is shown.
(() => {
  "use strict";
  const EACH_MS = 5000, KEY = "follow";
  const button = document.getElementById("follow");
  if (!button) return;
  let timer = 0;
  const busy = () => document.hidden || document.activeElement?.tagName === "INPUT" || !getSelection().isCollapsed;
  const again = async () => {
    if (!busy()) {
      try {
        const answer = await fetch(location.href, { cache: "no-store" });
        const came = new DOMParser().parseFromString(await answer.text(), "text/html");
        const open = [...document.querySelectorAll("details")].map(one => one.open);
        for (const part of ["main", "header time"]) {
          const [held, fresh] = [document.querySelector(part), came.querySelector(part)];
          if (held && fresh) held.replaceWith(fresh);
        }
        document.querySelectorAll("details").forEach((one, at) => { one.open = Boolean(open[at]); });
        button.textContent = "Follow";
      } catch {
        button.textContent = "No answer";
      }
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

"""The page template: styles for light, dark and print, and the script of the time cursor.

The page fetches nothing: its content security policy forbids it, also to anything that a trace or a file smuggled in.
"""

from typing import Final

LIGHT: Final = ("#14145a", "#e8590c", "#2a9793", "#9b2ffc", "#5c0a0c")
"""Line colours on white, as far apart with each kind of colour blindness as without."""
DARK: Final = ("#3f6bff", "#e9f725", "#85f59c", "#d32382", "#8b6609")
"""The same lines' colours on a dark background."""
GROUNDS: Final = ("#ffffff", "#14171a")
DASHES: Final = ("none", "7 3", "2 3", "9 3 2 3", "14 4")
"""Lines differ in dashes too, so that colour is never the only difference."""


def _lines(colours: tuple[str, ...]) -> str:
    return "".join(f"--line-{at}:{one};" for at, one in enumerate(colours))


STYLE: Final = f"""
:root{{color-scheme:light dark;--ground:{GROUNDS[0]};--text:#1b1f23;--faint:#57606a;--rule:#c9d1d9;--panel:#f5f7f9;
--good:#0b5c36;--bad:#9c2500;--bar:#8aa4c8;--focus:#0a58ca;{_lines(LIGHT)}}}
@media (prefers-color-scheme:dark){{:root{{--ground:{GROUNDS[1]};--text:#e6e9ec;--faint:#a2abb4;--rule:#3b434b;
--panel:#1d2227;--bar:#4a6690;--good:#7ee2a8;--bad:#ffab91;--focus:#8ab4ff;{_lines(DARK)}}}}}
""" + """
*{box-sizing:border-box}
body{margin:0 auto;max-width:82rem;padding:1rem;background:var(--ground);color:var(--text);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
h1{font-size:1.35rem;margin:.2rem 0}h2{font-size:1.1rem;margin:2rem 0 .4rem;border-bottom:1px solid var(--rule)}
p,ul{margin:.4rem 0}ul{padding-left:1.2rem}code{font-size:.9em;overflow-wrap:anywhere}
.faint,figcaption{color:var(--faint);font-size:.9rem}figure{margin:.6rem 0}
.verdict{border:2px solid currentColor;border-radius:.5rem;padding:.6rem .9rem;margin:.8rem 0;font-size:1.1rem}
.keeps{color:var(--good)}.misses{color:var(--bad)}
.verdict p{color:var(--text)}.verdict strong{color:inherit}.verdict ul{list-style:none;padding:0;color:var(--text)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .4rem;text-align:right;border-bottom:1px solid var(--rule);vertical-align:top}
th{color:var(--faint);font-weight:600}th[scope=row],td.text,th.text{text-align:left;color:var(--text)}
td:not(.text){white-space:nowrap}td.text{overflow-wrap:anywhere}.wide{overflow-x:auto}
.compared th[scope=row]{font-weight:400;font-style:italic}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:.2rem}
.key{display:inline-block;width:2.2rem;height:.7rem;margin-right:.4rem;vertical-align:middle}
.keys{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;font-size:.9rem}
.bar{position:relative;height:1.1rem;background:var(--panel);border:1px solid var(--rule);margin:.1rem 0 .6rem}
.bar i{position:absolute;top:0;bottom:0;left:0;background:var(--bar)}
.bar b{position:absolute;top:-.25rem;bottom:-.25rem;width:3px;background:var(--text)}
.panel{position:relative;margin:.7rem 0 0}
.panel svg{display:block;width:100%;height:9rem;background:var(--panel);border:1px solid var(--rule)}
.panel path,.panel line{vector-effect:non-scaling-stroke;fill:none;stroke-width:2}
.panel .area{fill:var(--faint);opacity:.35;stroke:none}.panel .cursor{stroke:var(--text);stroke-width:1}
.panel .grid{stroke:var(--rule);stroke-width:1}
.panel .most{position:absolute;right:.3rem;top:1.6rem;background:var(--panel);padding:0 .2rem;font-size:.8rem}
.ends{display:flex;justify-content:space-between;font-size:.8rem;color:var(--faint)}
input[type=range]{width:100%;margin:.3rem 0;accent-color:var(--focus)}
output{display:block;min-height:3rem;font-size:.9rem}
summary{cursor:pointer;padding:.3rem 0;font-weight:600}
@media (max-width:720px){body{padding:.6rem}
table.cards,table.cards tbody,table.cards tr,table.cards td,table.cards th{display:block;width:auto}
table.cards thead{display:none}table.cards tr{border:1px solid var(--rule);border-radius:.4rem;margin:.6rem 0}
table.cards td,table.cards th[scope=row]{border:0;padding:.15rem .6rem}
table.cards td{display:flex;justify-content:space-between;gap:1rem}
table.cards td::before{content:attr(data-head);color:var(--faint);text-align:left}
table.cards td.text{display:block}table.cards td.text::before{display:block}
table.cards th[scope=row]{background:var(--panel)}}
@media print{:root{color-scheme:light;--ground:#fff;--text:#000;--faint:#444;--rule:#bbb;--panel:#fff;--good:#0b5c36;
--bad:#9c2500;PRINTED}body{max-width:none;font-size:11px;padding:0}
input,output,.cursor{display:none}tr,.panel,.bar,.verdict{break-inside:avoid}h2{break-after:avoid}}
""".replace("PRINTED", _lines(LIGHT))

SCRIPT: Final = """
(() => {
  const held = document.getElementById("series"), range = document.getElementById("minute");
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(one => { one.open = true; }));
  if (!held || !range) return;
  const data = JSON.parse(held.textContent), shown = document.getElementById("moment"), last = data.minutes.length - 1;
  const lines = document.querySelectorAll(".cursor");
  const show = () => {
    const at = Number(range.value), across = last ? 1000 * at / last : 0;
    lines.forEach(one => { one.setAttribute("x1", across); one.setAttribute("x2", across); });
    const fleets = data.fleets.map(one => one.ready[at] === null ? `${one.name}: no figure` :
      `${one.name}: ${one.ready[at]} ready, ${one.starting[at]} starting, ${one.waiting[at]} waiting`);
    const words = [`Minute ${data.minutes[at]}: ${data.demand[at]} requests a second`, ...fleets].join("; ");
    shown.textContent = words;
    range.setAttribute("aria-valuetext", words);
  };
  range.addEventListener("input", show);
  document.querySelectorAll(".panel svg").forEach(one => one.addEventListener("pointermove", event => {
    const box = one.getBoundingClientRect();
    range.value = Math.round(last * (event.clientX - box.left) / box.width);
    show();
  }));
  show();
})();
"""

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
"""What a browser may fetch for the page: nothing."""


def document(title: str, body: str) -> str:
    """Build the whole page around its sections."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n"
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )

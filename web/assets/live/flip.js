// Lets each row slide from where it was to where it is: 200 ms, or not at all for those who ask for none.
const still = matchMedia("(prefers-reduced-motion: reduce)");

export function slideRows(rows, rearrange) {
  if (still.matches || document.hidden) return rearrange();
  const before = new Map([...rows()].map((row) => [row, row.getBoundingClientRect().top]));
  rearrange();
  for (const row of rows()) {
    const from = before.get(row);
    if (from === undefined) {
      row.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 200 });
      continue;
    }
    const moved = from - row.getBoundingClientRect().top;
    if (Math.abs(moved) < 1) continue;
    row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], {
      duration: 200,
      easing: "cubic-bezier(.2, .8, .2, 1)",
    });
  }
}

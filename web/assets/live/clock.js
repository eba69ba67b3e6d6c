// The running clocks of a page, all redrawn in one frame; a clock knows when its run began on this page's clock.
const clocks = new Map();
let frame = 0;

function tick() {
  const now = performance.now();
  for (const [element, clock] of clocks) {
    if (element.isConnected) clock.draw(Math.max(0, now - clock.startedAt) * 1000);
    else clocks.delete(element);
  }
  frame = clocks.size ? requestAnimationFrame(tick) : 0;
}

// A message's delay can only make the age too small: of all tellings about one run, the earliest start is the truest.
export function runClock(element, run, ageUs, draw) {
  const startedAt = performance.now() - ageUs / 1000;
  const known = clocks.get(element);
  clocks.set(element, { run, draw, startedAt: known?.run === run ? Math.min(known.startedAt, startedAt) : startedAt });
  frame ||= requestAnimationFrame(tick);
}

export const stopClock = (element) => clocks.delete(element);

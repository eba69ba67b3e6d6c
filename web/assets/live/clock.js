// The running clocks of a page, all redrawn in one frame; a clock knows when its run began on this page's clock.
// Some fifteen times a second look alive; the frames in between are for what comes from the lab.
const PAUSE_MS = 50;
const clocks = new Map();
let waiting = 0;

function tick() {
  const now = performance.now();
  for (const [element, clock] of clocks) {
    if (element.isConnected) clock.draw(Math.max(0, now - clock.startedAt) * 1000);
    else clocks.delete(element);
  }
  waiting = clocks.size ? setTimeout(() => requestAnimationFrame(tick), PAUSE_MS) : 0;
}

// A message's delay can only make the age too small: of all tellings about one run, the earliest start is the truest.
export function runClock(element, run, ageUs, draw) {
  const startedAt = performance.now() - ageUs / 1000;
  const known = clocks.get(element);
  clocks.set(element, { run, draw, startedAt: known?.run === run ? Math.min(known.startedAt, startedAt) : startedAt });
  waiting ||= requestAnimationFrame(tick);
}

export const stopClock = (element) => clocks.delete(element);

// Which series share a plot: those of one unit, and of those without a unit the ones of about one size.
// Beside a series that is ten times as large another is a flat line at the bottom.
const TIMES = 10;
const MOST_PLOTS = 4;

const hasUnit = ({ unit }) => Boolean(unit) && unit !== "#";
const fits = (size, sizes) => sizes.every((other) => size < other * TIMES && other < size * TIMES);

// The plots, each a list of its series; those without a unit have a `part` once it is known which is theirs.
export function groupSeries(series) {
  const plots = new Map();
  for (const each of series) {
    const plot = `${each.unit} ${each.part ?? 0}`;
    plots.set(plot, [...(plots.get(plot) ?? []), each]);
  }
  return [...plots.values()];
}

// Gives each series its `part` by its `size`, the largest distance from zero, 0 as long as nobody knows.
// It finds its place once; later it may be parted from the others and is never joined with any, so that no plot comes and goes.
// True if the plots are others now.
export function partSeries(series) {
  const before = layout(series);
  for (const each of series) {
    if (hasUnit(each) || each.part !== undefined || !each.size) continue;
    const home = groupSeries(series.filter((other) => other.unit === each.unit && other.part !== undefined))
      .find((plot) => fits(each.size, plot.map(({ size }) => size).filter(Boolean)));
    each.part = home?.[0].part ?? 0;
  }
  while (partOnce(series));
  return layout(series) !== before;
}

function partOnce(series) {
  const shown = groupSeries(series.filter((each) => each.shown));
  if (shown.length >= MOST_PLOTS) return false;
  for (const plot of shown) {
    const largest = Math.max(...plot.map(({ size }) => size));
    const small = plot.filter(({ size }) => size > 0 && size * TIMES <= largest);
    if (hasUnit(plot[0]) || !small.length) continue;
    const free = 1 + Math.max(...series.map(({ part }) => part ?? 0));
    for (const each of small) each.part = free;
    return true;
  }
  return false;
}

const layout = (series) => series.map(({ part }) => part ?? 0).join();

// Numbers as web/formats.py writes them on the server: decimal comma in Kazakh and Russian.
const MINUS = "\u2212";
const UNITS = { kk: ["мкс", "мс", "с"], ru: ["мкс", "мс", "с"], en: ["µs", "ms", "s"] };

const mark = (language) => (language === "en" ? "." : ",");

export function formatTime(us, language, digits = 3) {
  if (us === null || us === undefined) return "—";
  const step = 10 ** (6 - digits);
  const units = Math.floor((Math.abs(us) + step / 2) / step);
  const fraction = units % 10 ** digits;
  const total = Math.floor(units / 10 ** digits);
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value) => String(value).padStart(2, "0");
  let text = hours ? `${hours}:${two(minutes)}:${two(seconds)}` : minutes ? `${minutes}:${two(seconds)}` : String(seconds);
  if (digits) text += mark(language) + String(fraction).padStart(digits, "0");
  return (us < 0 && units ? MINUS : "") + text;
}

export function formatBound(us, language) {
  const units = UNITS[language];
  if (us < 100) return `±${us}\u00a0${units[0]}`;
  const [scale, unit] = us < 1_000_000 ? [1_000, units[1]] : [1_000_000, units[2]];
  return `±${formatNumber(Math.ceil((us * 10) / scale) / 10, language)}\u00a0${unit}`;
}

export function formatNumber(value, language) {
  const [whole, fraction] = Math.abs(value).toFixed(6).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const rest = fraction.replace(/0+$/, "");
  return (value < 0 ? MINUS : "") + grouped + (rest ? mark(language) + rest : "");
}

export const formatGap = (us, language) => (us > 0 ? "+" : "") + formatTime(us, language);

export function formatClockTime(ms, language, withMs = false) {
  const at = new Date(ms);
  const two = (value) => String(value).padStart(2, "0");
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withMs ? text + mark(language) + String(at.getMilliseconds()).padStart(3, "0") : text;
}

// Puts named values into a translated sentence: fill("Accept {time}", {time: "12,4"}).
export const fill = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

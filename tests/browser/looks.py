"""What a page must have for those who listen to it or see little."""

from playwright.async_api import Page

CONTRAST = """() => {
  const EXEMPT = ":disabled, :disabled *, script, template, noscript";
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const parse = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("body *")) {
    const said = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!said || !element.checkVisibility() || element.matches(EXEMPT)) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(parse(style.color)), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const size = parseFloat(style.fontSize);
    const big = size >= 24 || (size >= 18.6 && style.fontWeight >= 700);
    if (ratio < (big ? 3 : 4.5)) faint.push(`${ratio.toFixed(2)} ${element.outerHTML.slice(0, 90)}`);
  }
  return faint;
}"""

UNNAMED = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, dialog")]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.textContent.trim() || element.ariaLabel || element.labels?.length
    || element.getAttribute("aria-labelledby") || element.title))
  .map((element) => element.outerHTML.slice(0, 120))"""


async def faint_text(page: Page) -> list[str]:
    """Visible text whose contrast is under WCAG AA."""
    found: list[str] = await page.evaluate(CONTRAST)
    return found


async def unnamed_controls(page: Page) -> list[str]:
    """Links, buttons and fields that a screen reader could not name."""
    found: list[str] = await page.evaluate(UNNAMED)
    return found


async def small_text(page: Page, selector: str, least_px: float) -> list[str]:
    """Visible text under `selector` that is smaller than it must be."""
    found: list[str] = await page.evaluate(
        """([selector, least]) => [...document.querySelectorAll(selector)]
          .filter((element) => element.checkVisibility())
          .filter((element) => [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
          .filter((element) => parseFloat(getComputedStyle(element).fontSize) < least - 0.1)
          .map((element) => element.outerHTML.slice(0, 100))""",
        [selector, least_px],
    )
    return found

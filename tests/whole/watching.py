"""When a page's DOM changed and when the change was on the screen, on this machine's clock."""

import time

from playwright.async_api import Page

WATCH = """(selector) => {
  const clock = () => performance.timeOrigin + performance.now();
  window.__seen = new Promise((resolve) => {
    const look = () => {
      if (!document.querySelector(selector)) return;
      const changed = clock();
      observer.disconnect();
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve([changed, clock()]);
        channel.port2.postMessage(0);
      });
    };
    const observer = new MutationObserver(look);
    observer.observe(document.documentElement, {subtree: true, childList: true, attributes: true,
      characterData: true});
    look();
  });
}"""


async def watch(page: Page, selector: str) -> None:
    """From now on wait for the first moment at which `selector` is on the page."""
    await page.evaluate(WATCH, selector)


async def seen_ns(page: Page) -> tuple[int, int]:
    """CLOCK_MONOTONIC nanoseconds of the changed DOM and of the frame that showed it."""
    changed_ms, shown_ms = await page.evaluate("window.__seen")
    behind_ns = time.time_ns() - time.monotonic_ns()
    return int(changed_ms * 1e6) - behind_ns, int(shown_ms * 1e6) - behind_ns

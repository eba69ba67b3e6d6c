// A blink or a beep without leaving the page: the kit on the table shows which one it is.
const form = document.getElementById("blink");
const told = document.querySelector("[data-slot=blinked]");

form.addEventListener("submit", async (event) => {
  const { submitter } = event;
  event.preventDefault();
  submitter.closest("label").querySelector("input").checked = true;
  submitter.setAttribute("aria-busy", "true");
  const body = new URLSearchParams({ deed: "identify" });
  const answer = await fetch(submitter.formAction, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" }).catch(() => null);
  submitter.removeAttribute("aria-busy");
  told.textContent = answer?.type === "opaqueredirect" ? told.dataset.told : (await answer?.json().catch(() => null))?.detail ?? "";
});

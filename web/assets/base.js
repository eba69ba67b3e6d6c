// A form that was sent says so and is not sent twice; coming back to the page frees it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
  }
});
// A file's name stands beside a button of ours.
const nameFile = (box) => {
  const name = box.querySelector("[data-none]");
  name.textContent = box.querySelector("input").files[0]?.name ?? name.dataset.none;
  box.dataset.ready = "";
};
document.querySelectorAll(".file").forEach(nameFile);
document.addEventListener("change", ({ target }) => target.type === "file" && nameFile(target.closest(".file")));
// Of a row of tabs that is wider than the window, the open one is in view.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

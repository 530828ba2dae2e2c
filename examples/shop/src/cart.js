// Adds to the cart without loading the page again. Without this script, the forms do it.
let first; // It brings a new visitor's cookie, so the others wait for it.
for (const form of document.querySelectorAll("form.product")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams({ product: event.submitter.value });
    await first;
    const adding = fetch("/cart/items", { method: "POST", body });
    first ??= adding.catch(() => { first = undefined; });
    const response = await adding;
    if (response.ok) document.querySelector("#items").textContent = await response.text();
  });
}

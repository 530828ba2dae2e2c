// Adds to the cart without loading the page again. Without this script, the forms do it.
const items = document.querySelector("#items");
let first; // It brings a new visitor's cookie, so the others wait for it.

async function add(product) {
  await first;
  const adding = fetch("/cart/items", { method: "POST", body: new URLSearchParams({ product }) });
  first ??= adding.catch(() => { first = undefined; });
  const response = await adding;
  // Responses may overtake each other.
  if (response.ok) items.textContent = Math.max(items.textContent, await response.json());
}

for (const form of document.querySelectorAll("form.product")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    add(event.submitter.value);
  });
}

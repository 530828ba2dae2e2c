// Shows the progress of the order as it happens.
const step = document.querySelector("#step");
if (step) {
  const events = new EventSource("/background/order");
  events.addEventListener("step", (event) => { step.textContent = event.data; });
  events.addEventListener("end", () => events.close());
}

// The simulator's telephone: plays what is heard, and takes keys as a telephone does.
(function () {
  "use strict";

  var player = new Audio();
  var timer = null;
  var queue = [];

  function simulator() { return document.querySelector("[data-simulator]"); }

  function play(buttons) {
    queue = buttons.slice();
    next();
  }
  function next() {
    document.querySelectorAll("[data-play].active").forEach(function (one) { one.classList.remove("active"); });
    var button = queue.shift();
    if (!button || !button.isConnected) return;
    button.classList.add("active");
    player.src = button.dataset.play;
    // A browser that wants a click first says no: the button is there for that.
    player.play().catch(function () { button.classList.remove("active"); });
  }
  player.addEventListener("ended", next);

  // Extensions have several digits: after the last one the telephone waits, as the call would.
  function press(form, key) {
    queue = [];
    player.pause();
    var place = form.querySelector("[data-typed]");
    var typed = (place.dataset.keys || "") + (key === "#" && place.dataset.keys ? "" : key);
    place.dataset.keys = typed;
    place.textContent = typed;
    clearTimeout(timer);
    var whole = typed.length >= Number(form.dataset.digits) || key === "#";
    timer = setTimeout(function () { send(form, "type", typed); }, whole ? 0 : Number(form.dataset.pause) * 1000);
  }
  function send(form, name, value) {
    if (!form.isConnected) return;
    var input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
    htmx.trigger(form, "submit");
  }

  document.addEventListener("click", function (event) {
    var form = event.target.closest("[data-simulator]");
    var button = form && event.target.closest("button");
    if (!button) return;
    clearTimeout(timer);
    if (button.dataset.play) { play([button]); return; }
    if (button.dataset.key) { event.preventDefault(); press(form, button.dataset.key); return; }
    if ("restart" in button.dataset) {
      form.querySelectorAll("[name=heard]").forEach(function (one) { one.remove(); });
      htmx.trigger(form, "submit");
    }
    if ("now" in button.dataset) {
      form.querySelector("[data-at]").value = "";
      htmx.trigger(form, "submit");
    }
  });
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-at]")) htmx.trigger(event.target.form, "submit");
  });
  document.addEventListener("keydown", function (event) {
    var form = event.target.closest("[data-simulator]");
    if (!form || event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (form.dataset.digits && /^[0-9*#]$/.test(event.key)) {
      event.preventDefault();
      press(form, event.key);
    }
  });
  // What is new is played by itself once somebody has begun to walk, not as the page opens.
  document.addEventListener("htmx:afterSwap", function (event) {
    if (event.detail.target.id !== "simulator") return;
    var form = simulator();
    var first = form.querySelector(".keypad-key, [name=type]");
    if (!form.querySelector("[name=heard]")) return;
    if (first) first.focus({ preventScroll: true });
    play(Array.from(form.querySelectorAll(".scene-last [data-play]")));
  });
})();

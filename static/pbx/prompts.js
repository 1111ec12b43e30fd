// A prompt heard before it is saved: the file that was chosen, or the text that was typed.
(function () {
  "use strict";

  var place = document.querySelector("[data-speak]");
  if (!place) return;
  var form = place.closest("form");
  var audio = place.querySelector("audio");
  var said = place.querySelector("[data-speak-said]");
  var button = place.querySelector("[data-speak-listen]");
  var address = null;

  function play(blob) {
    if (address) URL.revokeObjectURL(address);
    address = URL.createObjectURL(blob);
    audio.src = address;
    audio.hidden = false;
    audio.play().catch(function () { /* the browser wants a click on the player itself */ });
  }

  function speak(text) {
    var data = new FormData();
    data.append("text", text);
    data.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
    button.disabled = true;
    fetch(place.dataset.speak, { method: "POST", body: data, credentials: "same-origin" })
      .then(function (answer) {
        if (answer.ok) return answer.blob().then(play);
        if (answer.status !== 422) throw new Error(answer.status);
        return answer.text().then(function (why) { said.textContent = why; });
      })
      .catch(function () { said.textContent = said.dataset.failed; })
      .then(function () { button.disabled = false; });
  }

  button.addEventListener("click", function () {
    var file = form.querySelector("[data-prompt-file]").files[0];
    var text = form.querySelector("[name=text]").value.trim();
    said.textContent = "";
    if (file) play(file);
    else if (text) speak(text);
    else said.textContent = said.dataset.nothing;
  });
})();

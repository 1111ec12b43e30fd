// The first screen's own buttons: Refresh asks for everything again, Expand fills the screen.
(function () {
  "use strict";
  var expand = document.querySelector("[data-expand]");
  var place = document.querySelector(".page-wrapper");

  document.querySelector("[data-refresh]").addEventListener("click", function () {
    document.body.dispatchEvent(new Event("refresh"));
  });
  expand.addEventListener("click", function () {
    if (document.fullscreenElement) document.exitFullscreen();
    else place.requestFullscreen();
  });
  document.addEventListener("fullscreenchange", function () {
    expand.setAttribute("aria-pressed", document.fullscreenElement ? "true" : "false");
  });
})();

// What the screens need beyond htmx: quick access, selection, live columns, columns dialogue, search selects.
(function () {
  "use strict";

  var text = function (name) { return document.body.dataset["text" + name] || ""; };
  var on = function (type, selector, act) {
    document.addEventListener(type, function (event) {
      var target = event.target.closest && event.target.closest(selector);
      if (target) act(target, event);
    });
  };
  function announce(message) {
    var place = document.getElementById("announcement");
    if (place && message) place.textContent = message;
  }

  // Quick access: "/" or Ctrl-K, arrows, Enter.
  // Looked up anew each time: going back replaces the whole page's body.
  function dialog() { return document.getElementById("quick"); }
  function openQuick() {
    var quick = dialog();
    if (!quick || quick.open) return;
    quick.showModal();
    var box = quick.querySelector("input");
    box.select();
    htmx.trigger(box, "open");
  }
  function chooseRow(step) {
    var quick = dialog();
    var rows = Array.from(quick.querySelectorAll(".quick-row"));
    if (!rows.length) return;
    var at = rows.findIndex(function (row) { return row.classList.contains("active"); });
    var next = rows[(at + step + rows.length) % rows.length];
    if (at < 0 && step < 0) next = rows[rows.length - 1];
    rows.forEach(function (row, index) {
      row.id = row.id || "quick-row-" + index;
      row.classList.toggle("active", row === next);
      row.setAttribute("aria-selected", row === next ? "true" : "false");
    });
    quick.querySelector("input").setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", function (event) {
    var typing = event.target.closest("input, textarea, select, [contenteditable]");
    var slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    var k = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (slash || k) { event.preventDefault(); openQuick(); return; }
    if (!dialog() || !dialog().open) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      chooseRow(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      openRow();
    }
  });
  // Who types fast presses Enter before the answer is there: then the answer opens.
  var enterWaits = false;
  function openRow() {
    var quick = dialog();
    var box = quick.querySelector("input");
    var answered = quick.querySelector("[data-answers]");
    enterWaits = !answered || answered.dataset.answers !== box.value.trim();
    if (enterWaits) { htmx.trigger(box, "open"); return; }
    var row = quick.querySelector(".quick-row.active") || quick.querySelector(".quick-row");
    if (row) row.click();
  }
  on("click", "[data-quick-open]", openQuick);
  on("click", "dialog.quick", function (quick, event) { if (event.target === quick) quick.close(); });

  // Selection of rows.
  function selection() {
    var list = document.getElementById("list");
    if (!list) return;
    var boxes = Array.from(list.querySelectorAll("[data-select]"));
    var checked = boxes.filter(function (box) { return box.checked; });
    var bar = list.querySelector("[data-bulk-bar]");
    var all = list.querySelector("[data-select-all]");
    var matching = list.querySelector("[data-select-matching]");
    if (!bar) return;
    bar.hidden = checked.length === 0;
    if (bar.hidden && matching) matching.checked = false;
    list.querySelector("[data-selected-count]").textContent = matching && matching.checked ? "✓" : checked.length;
    all.checked = boxes.length > 0 && checked.length === boxes.length;
    all.indeterminate = checked.length > 0 && !all.checked;
    boxes.forEach(function (box) { box.closest("tr").classList.toggle("table-active", box.checked); });
  }
  on("change", "[data-select-all]", function (all) {
    document.querySelectorAll("#list [data-select]").forEach(function (box) { box.checked = all.checked; });
    selection();
  });
  var last = null;
  on("click", "[data-select]", function (box, event) {
    var boxes = Array.from(document.querySelectorAll("#list [data-select]"));
    if (event.shiftKey && last && boxes.includes(last)) {
      var ends = [boxes.indexOf(last), boxes.indexOf(box)].sort(function (a, b) { return a - b; });
      boxes.slice(ends[0], ends[1] + 1).forEach(function (one) { one.checked = box.checked; });
    }
    last = box;
    selection();
  });
  on("change", "[data-select], [data-select-matching]", selection);

  // Live columns: only cells that changed are replaced; what is selected or focused stays.
  var timer = null;
  function watch() {
    clearInterval(timer);
    var list = document.querySelector("#list[data-live]");
    if (!list) return;
    timer = setInterval(function () { if (!document.hidden) refresh(list); }, Number(list.dataset.live) * 1000);
  }
  async function refresh(list) {
    var query = new URLSearchParams(location.search);
    query.set("_live", "1");
    try {
      var response = await fetch(location.pathname + "?" + query, { headers: { "HX-Request": "true" } });
      if (!response.ok || response.redirected || !list.isConnected) return;
      var fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("list");
      if (fresh) merge(list, fresh);
    } catch (e) { /* the next turn tries again */ }
  }
  function keys(part) { return Array.from(part.querySelectorAll("tr[data-key]"), function (row) { return row.dataset.key; }).join(" "); }
  function merge(list, fresh) {
    var busy = list.contains(document.activeElement) || list.querySelector("[data-select]:checked, .dropdown-menu.show");
    if (keys(list) !== keys(fresh)) {
      if (!busy) { list.replaceWith(fresh); htmx.process(fresh); watch(); }
      return;
    }
    fresh.querySelectorAll("tr[data-key]").forEach(function (row) {
      var old = list.querySelector('tr[data-key="' + CSS.escape(row.dataset.key) + '"]');
      row.querySelectorAll("[data-live-cell]").forEach(function (cell) {
        var was = old.querySelector('[data-live-cell="' + cell.dataset.liveCell + '"]');
        if (was && was.innerHTML !== cell.innerHTML && !was.contains(document.activeElement)) was.innerHTML = cell.innerHTML;
      });
    });
  }

  // What asks again by itself takes nothing away from under a pressed pointer: its click would be lost.
  var pressed = null;
  document.addEventListener("pointerdown", function (event) { pressed = event.target; });
  ["pointerup", "pointercancel"].forEach(function (type) {
    document.addEventListener(type, function () { setTimeout(function () { pressed = null; }); });
  });
  // Let go outside of the window, of which nothing is told here.
  document.addEventListener("pointermove", function (event) { if (!event.buttons) pressed = null; });
  document.addEventListener("htmx:beforeSwap", function (event) {
    var polled = !event.detail.requestConfig.triggeringEvent;
    if (polled && pressed && event.detail.target.contains(pressed)) event.detail.shouldSwap = false;
  });

  // The dialogue of columns: up and down.
  on("click", "[data-move]", function (button) {
    var row = button.closest("li");
    var other = button.dataset.move === "1" ? row.nextElementSibling : row.previousElementSibling;
    if (!other) return;
    if (button.dataset.move === "1") other.after(row); else other.before(row);
    button.focus();
  });

  // Exports follow the filter, the search and the order that are in the address now.
  on("click", "[data-with-query]", function (link) {
    var url = new URL(link.href);
    new URLSearchParams(location.search).forEach(function (value, name) {
      if (!["page", "format", "scope", "_live"].includes(name)) url.searchParams.append(name, value);
    });
    link.href = url.href;
  });

  // Filters: what is empty does not go into the address; the order stays.
  document.addEventListener("submit", function (event) {
    if (event.target.id !== "filters") return;
    event.target.querySelectorAll("input, select").forEach(function (field) { if (!field.value) field.disabled = true; });
    new URLSearchParams(location.search).getAll("sort").forEach(function (value) {
      var kept = document.createElement("input");
      kept.type = "hidden"; kept.name = "sort"; kept.value = value;
      event.target.append(kept);
    });
  });
  document.addEventListener("htmx:configRequest", function (event) {
    if (!event.detail.elt.closest("#filters")) return;
    var parameters = event.detail.parameters;
    Object.keys(parameters).forEach(function (name) { if (parameters[name] === "") delete parameters[name]; });
    var sort = new URLSearchParams(location.search).get("sort");
    if (sort) parameters.sort = sort;
  });

  // Bulk change: touching a field ticks it.
  document.addEventListener("input", function (event) {
    var row = event.target.closest(".row");
    var tick = row && row.querySelector("[data-set-for]");
    if (tick && event.target !== tick) tick.checked = true;
  });

  // Fields that count only for some values of others: data-when="mode:menu,queue;schedule:*".
  function counts(form, rules) {
    return rules.split(";").every(function (rule) {
      var name = rule.split(":")[0], values = rule.split(":")[1];
      var field = form.elements[name];
      var value = !field ? "" : field.type === "checkbox" ? (field.checked ? "True" : "") : field.value;
      return values === "*" ? value !== "" : values.split(",").includes(value);
    });
  }
  function showFields(form) {
    form.querySelectorAll("[data-when]").forEach(function (place) { place.hidden = !counts(form, place.dataset.when); });
    form.querySelectorAll(".form-group-card").forEach(function (card) {
      var places = Array.from(card.querySelectorAll(".mb-3, fieldset"));
      if (places.some(function (place) { return place.dataset.when; })) card.hidden = places.every(function (place) { return place.hidden; });
    });
  }
  document.addEventListener("change", function (event) {
    var form = event.target.form;
    if (form && form.querySelector("[data-when]")) showFields(form);
  });

  // A form that was typed into asks before it is left; a form that was sent is not sent twice.
  var guarded = null;
  document.addEventListener("input", function (event) {
    var form = event.target.closest("form[data-guard]");
    if (form) guarded = form;
  });
  document.addEventListener("submit", function (event) {
    guarded = null;
    var form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(function () { delete form.dataset.sent; }, 4000);
  });
  window.addEventListener("beforeunload", function (event) { if (guarded) event.preventDefault(); });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) { delete form.dataset.sent; });
  });

  // What is shown once is copied without mistakes; without HTTPS there is no clipboard, so it is selected.
  on("click", "[data-copy]", function (button) {
    var shown = document.querySelector(button.dataset.copy);
    function done() { button.lastChild.textContent = text("Copied"); announce(text("Copied")); }
    if (navigator.clipboard) { navigator.clipboard.writeText(shown.textContent.trim()).then(done); return; }
    getSelection().selectAllChildren(shown);
    if (document.execCommand("copy")) done();
  });

  // Selects that search.
  function searchSelects(part) {
    part.querySelectorAll("[data-search-select]").forEach(function (select) {
      if (select.tomselect || !select.dataset.searchSelect) return;
      new TomSelect(select, {
        valueField: "id", labelField: "text", searchField: [], maxOptions: 100, preload: "focus",
        allowEmptyOption: false, placeholder: text("Search"), hidePlaceholder: true, plugins: select.required ? [] : ["clear_button"],
        // What was typed last may still wait to be asked for; it would open the list again.
        onItemAdd: function () { clearTimeout(this.refreshTimeout); this.hasChosen = true; },
        onType: function () { this.hasChosen = false; },
        load: function (query, done) {
          var box = this, url = new URL(select.dataset.searchSelect, location.href);
          if (query) url.searchParams.set("q", query);
          this.clearOptions(function (option) { return this.items.includes(String(option.id)); }.bind(this));
          fetch(url).then(function (r) { return r.json(); }).then(function (data) {
            done(data.items);
            if (box.hasChosen) box.close(); // a late answer opens no list that a choice has closed
            announce(data.more ? text("More") : "");
          }).catch(function () { done(); });
        },
        render: {
          option: function (data, escape) {
            var hint = data.hint ? '<span class="text-secondary ms-2">' + escape(data.hint) + "</span>" : "";
            return "<div>" + escape(data.text) + hint + "</div>";
          },
          no_results: function () { return '<div class="no-results">' + text("NoResults") + "</div>"; },
          loading: function () { return '<div class="p-2 text-secondary">' + text("Searching") + "</div>"; }
        }
      });
      select.setAttribute("aria-hidden", "true"); // the box that took its place has its label
    });
  }

  function fade() {
    document.querySelectorAll("[data-fades]").forEach(function (alert) {
      setTimeout(function () { alert.remove(); }, 8000);
    });
  }

  document.addEventListener("htmx:afterSwap", function (event) {
    var target = event.detail.target ? event.detail.target.id : "";
    var counted = document.querySelector("#list [data-announce]");
    if (counted && target === "list") announce(counted.textContent.trim());
    if (target === "quick-results") {
      chooseRow(1);
      if (enterWaits) openRow();
    }
    prepare();
  });
  document.addEventListener("htmx:historyRestore", prepare);
  // A script that puts fields into a page says so.
  document.addEventListener("tronco:added", prepare);
  document.addEventListener("htmx:responseError", function () { announce(text("Failed")); });
  document.addEventListener("htmx:sendError", function () { announce(text("Failed")); });
  // What scrolls can be scrolled with the keyboard.
  function reachable() {
    document.querySelectorAll(".table-responsive, .import-preview").forEach(function (box) {
      var scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
      box.toggleAttribute("tabindex", scrolls);
      if (scrolls) box.tabIndex = 0;
    });
  }
  window.addEventListener("resize", reachable);
  function prepare() {
    reachable();
    searchSelects(document);
    selection();
    watch();
  }
  // What is wrong is what one wants to type next; else, the menu shows where one is.
  var wrong = document.querySelector('main [aria-invalid="true"]:not([aria-hidden])');
  if (wrong) wrong.focus();
  var menu = document.getElementById("menu");
  var here = menu && menu.querySelector('[aria-current="page"]');
  if (here) menu.scrollTop += Math.max(0, here.getBoundingClientRect().bottom + 48 - menu.getBoundingClientRect().bottom);
  prepare();
  fade();
})();

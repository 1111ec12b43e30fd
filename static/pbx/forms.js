// Forms of what answers calls: rows that come and go, and searches among what the owner has.
(function () {
  "use strict";

  function added(place) {
    place.dispatchEvent(new CustomEvent("tronco:added", { bubbles: true }));
  }

  // Rows are told apart by a number in their fields' names, which is also their order.
  function renumber(group) {
    var list = group.querySelector("[data-rows-list]");
    var prefix = group.dataset.rows;
    var pattern = new RegExp(prefix + "-(\\d+|__prefix__)-", "g");
    Array.from(list.children).forEach(function (row, index) {
      row.querySelectorAll("[name], [id], [for], [aria-describedby]").forEach(function (node) {
        ["name", "id", "for", "aria-describedby"].forEach(function (attribute) {
          var value = node.getAttribute(attribute);
          if (value) node.setAttribute(attribute, value.replace(pattern, prefix + "-" + index + "-"));
        });
      });
    });
    group.querySelector('[name="' + prefix + '-TOTAL_FORMS"]').value = list.children.length;
    var none = group.querySelector("[data-rows-none]");
    if (none) none.hidden = list.children.length > 0;
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-rows-add], [data-rows-remove]");
    var group = button && button.closest("[data-rows]");
    if (!group) return;
    if (button.matches("[data-rows-add]")) {
      var row = group.querySelector("template").content.cloneNode(true).firstElementChild;
      group.querySelector("[data-rows-list]").append(row);
      renumber(group);
      follow(row);
      added(row);
      var first = row.querySelector("input:not([type=hidden]), select");
      if (first) first.focus();
    } else {
      button.closest("[data-row]").remove();
      renumber(group);
      group.querySelector("[data-rows-add]").focus();
    }
    group.closest("form").dispatchEvent(new Event("input", { bubbles: true }));
  });

  // What is searched for is the owner's; without an owner, anybody's whom one may see.
  function follow(part) {
    var form = part.closest("form");
    var owner = form && form.querySelector("[data-owner]");
    if (!owner) return;
    part.querySelectorAll("[data-of-owner]").forEach(function (select) {
      if (!select.dataset.searchSelect) return;
      var url = new URL(select.dataset.searchSelect, location.href);
      if (owner.value) url.searchParams.set("tenant", owner.value); else url.searchParams.delete("tenant");
      select.dataset.searchSelect = url.pathname + url.search;
      if (select.tomselect) {
        select.tomselect.clear(true);
        select.tomselect.clearOptions();
        select.tomselect.loadedSearches = {};
      }
    });
  }
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-owner]")) follow(event.target.form);
  });
})();

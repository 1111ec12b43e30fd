// The form of a price: shows what the chosen kind of price needs; adds, removes and moves its rows.
(function () {
  "use strict";

  var group = document.querySelector("[data-window-rows]");
  if (!group) return;
  var form = group.closest("form");
  var list = group.querySelector("[data-window-list]");
  var prefix = group.dataset.windowRows;

  function fieldGroup(name) { return form.querySelector('[name="' + name + '"]').closest(".form-group-card"); }

  function show() {
    var chosen = form.querySelector('[name="pricing"]:checked');
    var kind = chosen ? chosen.value : "usual";
    group.hidden = kind !== "clock";
    fieldGroup("price_per_min").hidden = kind === "json";
    fieldGroup("windows_json").hidden = kind !== "json";
  }

  // Rows are told apart by a number in their fields' names, which is also their order.
  function renumber() {
    Array.from(list.children).forEach(function (row, index) {
      row.querySelectorAll("[name], [id], [for], [aria-describedby]").forEach(function (node) {
        ["name", "id", "for", "aria-describedby"].forEach(function (attribute) {
          var value = node.getAttribute(attribute);
          if (value) node.setAttribute(attribute, value.replace(new RegExp(prefix + "-(\\d+|__prefix__)-", "g"), prefix + "-" + index + "-"));
        });
      });
    });
    form.querySelector('[name="' + prefix + '-TOTAL_FORMS"]').value = list.children.length;
  }

  // What radio buttons and ticks hold is lost when two of them share a name for a moment, so it is kept.
  function keeping(change) {
    var ticks = Array.from(list.querySelectorAll("input[type=checkbox]"), function (tick) { return [tick, tick.checked]; });
    change();
    renumber();
    ticks.forEach(function (pair) { pair[0].checked = pair[1]; });
  }

  group.addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) return;
    var row = button.closest("[data-window-row]");
    if (button.matches("[data-window-add]")) {
      keeping(function () { list.append(group.querySelector("template").content.cloneNode(true)); });
      list.lastElementChild.querySelector("input").focus();
    } else if (button.matches("[data-window-remove]")) {
      keeping(function () { row.remove(); });
    } else if (button.matches("[data-window-up]") && row.previousElementSibling) {
      keeping(function () { row.previousElementSibling.before(row); });
      button.focus();
    }
  });
  form.addEventListener("change", function (event) { if (event.target.name === "pricing") show(); });
  show();
})();

// The editor of IVR menus: keys come and go, menus open below the key that leads to them.
(function () {
  "use strict";

  var editor = document.querySelector(".menu-editor");
  if (!editor) return;
  var made = 0;
  editor.querySelectorAll("[data-block]").forEach(function (block) {
    var number = /^n(\d+)$/.exec(block.dataset.block);
    if (number) made = Math.max(made, Number(number[1]));
  });

  function added(place) { place.dispatchEvent(new CustomEvent("tronco:added", { bubbles: true })); }
  function touched() { editor.dispatchEvent(new Event("input", { bubbles: true })); }
  function announce(text) { document.getElementById("announcement").textContent = text; }
  function blockOf(node) { return node.closest("[data-block]"); }
  function child(parent, selector) { return parent.querySelector(":scope > " + selector); }
  function options(block) { return block.querySelector("[data-options]"); }
  function pad(block, slug) { return block.querySelector('[data-pad="' + slug + '"]'); }
  function option(block, slug) { return child(options(block), '[data-option="' + slug + '"]'); }
  function field(row, name) { return row.querySelector('[name$="-' + name + '"]'); }

  function fill(template, words) {
    var text = Object.keys(words).reduce(function (text, word) {
      var safe = new Option(words[word]).innerHTML;
      return text.split(word).join(safe);
    }, template.innerHTML);
    var holder = document.createElement("div");
    holder.innerHTML = text;
    return holder.firstElementChild;
  }

  // Keys.
  var order = Array.from("123456789").concat("star", "0", "hash", "timeout", "invalid", "closed");
  function press(button) {
    var block = blockOf(button), slug = button.dataset.pad;
    var row = option(block, slug);
    if (!row) {
      row = fill(child(block, "[data-new-option]"), { "__key__": slug, "__caption__": button.dataset.caption });
      var icon = button.dataset.icon, cap = row.querySelector(".keycap");
      cap.classList.toggle("keycap-event", Boolean(icon));
      if (icon) cap.innerHTML = '<i class="ti ti-' + icon + '" aria-hidden="true"></i><span class="visually-hidden">' + cap.innerHTML + "</span>";
      var after = Array.from(options(block).children).find(function (one) {
        return order.indexOf(one.dataset.option) > order.indexOf(slug);
      });
      options(block).insertBefore(row, after || null);
      mark(block, slug, true);
      added(row);
      touched();
    }
    field(row, "action").focus();
    row.scrollIntoView({ block: "nearest" });
  }
  function mark(block, slug, used) {
    var button = pad(block, slug);
    button.classList.toggle("active", used);
    button.setAttribute("aria-pressed", used ? "true" : "false");
  }
  function remove(button) {
    var row = button.closest("[data-option]"), block = blockOf(row), slug = row.dataset.option;
    row.remove();
    mark(block, slug, false);
    pad(block, slug).focus();
    touched();
  }

  // Menus below a key.
  function put(row, block) {
    var place = row.querySelector("[data-child]");
    place.replaceChildren(block);
    added(block);
    block.querySelector('[name$="-name"]').focus();
    block.scrollIntoView({ block: "nearest" });
  }
  function create(button) {
    var row = button.closest("[data-option]");
    if (field(row, "new_menu").value) return;
    made += 1;
    var key = "n" + made;
    var block = fill(editor.querySelector("[data-new-block]"), { "__block__": key });
    field(row, "new_menu").value = key;
    row.classList.add("has-new");
    put(row, block);
    touched();
  }
  function forget(button) {
    var block = blockOf(button), row = block.closest("[data-option]");
    block.remove();
    if (row) {
      field(row, "new_menu").value = "";
      row.classList.remove("has-new");
      field(row, "action").focus();
    }
    touched();
  }
  async function open(button) {
    var row = button.closest("[data-option]");
    var id = field(row, "menu").value;
    if (!id) { field(row, "menu").focus(); return; }
    var there = editor.querySelector('[data-block="m' + CSS.escape(id) + '"]');
    if (there) {
      announce(editor.dataset.textSeen);
      there.scrollIntoView({ block: "start" });
      there.classList.add("menu-seen");
      setTimeout(function () { there.classList.remove("menu-seen"); }, 1500);
      there.querySelector('[name$="-name"]').focus({ preventScroll: true });
      return;
    }
    try {
      var response = await fetch(editor.dataset.blockUrl.replace("/0/", "/" + id + "/"));
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      var holder = document.createElement("div");
      holder.innerHTML = await response.text();
      put(row, holder.querySelector("[data-block]"));
    } catch (error) { announce(editor.dataset.textFailed); }
  }
  function fold(button) {
    var body = child(blockOf(button), "[data-block-body]");
    body.hidden = !body.hidden;
    button.setAttribute("aria-expanded", body.hidden ? "false" : "true");
    button.querySelector("i").className = "ti ti-chevron-" + (body.hidden ? "down" : "up");
  }

  var acts = {
    "[data-pad]": press, "[data-option-remove]": remove, "[data-menu-open]": open,
    "[data-menu-new]": create, "[data-block-remove]": forget, "[data-block-fold]": fold
  };
  editor.addEventListener("click", function (event) {
    Object.keys(acts).forEach(function (selector) {
      var button = event.target.closest(selector);
      if (button) acts[selector](button);
    });
  });
  editor.addEventListener("input", function (event) {
    var name = event.target.name || "";
    if (!/^[mn]\d+-name$/.test(name)) return;
    var title = blockOf(event.target).querySelector("[data-block-title]");
    title.textContent = event.target.value || " ";
  });
})();

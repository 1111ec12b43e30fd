// Charts: [data-chart] names JSON {"series": [{"label", "values", "unit", "color"}], "empty": "…"} over "x" (epoch seconds, a
// line) or over "labels" with their "titles", as "kind" says: line, bars, stack, pie. Every chart has a legend of
// buttons and the same numbers as a table; [data-chart-every] seconds, or a "refresh" of the body, ask again.
(function () {
  "use strict";
  var COLORS = ["#066fd1", "#2fb344", "#f76707", "#ae3ec9", "#17a2b8", "#d6336c", "#667382", "#f59f00", "#e03131", "#74b816", "#0b7285", "#8d6e63"];
  var lang = document.documentElement.lang;
  var text = function (name) { return document.body.dataset["text" + name] || ""; };

  function color(index, count) {
    if (count <= COLORS.length) return COLORS[index % COLORS.length];
    return "hsl(" + Math.round(210 + index * 360 / count) % 360 + " 65% " + (index % 2 ? 42 : 55) + "%)";
  }

  // A canvas knows no variables: let the browser compute the colour.
  function css(name, place) {
    var probe = document.createElement("span");
    probe.style.color = "var(" + name + ")";
    place.append(probe);
    var found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }

  function number(value, unit) {
    if (value === null || value === undefined) return "—";
    if (unit === "R$") return value.toLocaleString(lang, { style: "currency", currency: "BRL" });
    return value.toLocaleString(lang) + (unit ? " " + unit : "");
  }

  function percent(value, sum) {
    return (sum ? value / sum : 0).toLocaleString(lang, { style: "percent", maximumFractionDigits: 1 });
  }

  function element(tag, name, content) {
    var made = document.createElement(tag);
    if (name) made.className = name;
    if (content !== undefined) made.textContent = content;
    return made;
  }

  function instant(seconds) { return new Date(seconds * 1000).toLocaleString(lang); }

  // Marks of a time axis: days when it is long, else hours.
  function tick(data) {
    var long = data.x[data.x.length - 1] - data.x[0] > 172800;
    var options = long ? { day: "2-digit", month: "2-digit" } : { hour: "2-digit", minute: "2-digit" };
    return function (seconds) { return new Date(seconds * 1000).toLocaleString(lang, options); };
  }

  function Chart_(place) {
    this.place = place;
    this.hidden = new Set();
    this.canvas = element("canvas");
    this.canvas.setAttribute("aria-hidden", "true"); // the table says the same
    var frame = element("div", "chart-frame");
    frame.append(this.canvas);
    this.legend = element("ul", "chart-legend");
    this.details = element("details");
    this.details.append(element("summary", "", text("Table")));
    this.parts = [frame, this.legend, this.details];
  }

  // What the legend names: slices of a pie, else series.
  Chart_.prototype.keys = function () {
    return this.data.kind === "pie" ? this.data.labels : this.data.series.map(function (one) { return one.label; });
  };

  Chart_.prototype.color = function (at) {
    if (this.data.kind === "pie") return color(at, this.data.labels.length);
    var own = this.data.series[at].color;
    return color(own === undefined ? at : own, 1);
  };

  Chart_.prototype.sum = function () {
    var self = this;
    return this.data.series[0].values.reduce(function (sum, value, at) { return sum + (self.hidden.has(self.data.labels[at]) ? 0 : value); }, 0);
  };

  Chart_.prototype.show = function (data) {
    this.data = data;
    if (!(data.x || data.labels).length) {
      if (this.chart) this.chart.destroy();
      this.chart = null;
      this.place.replaceChildren(element("p", "text-secondary mb-0", data.empty || "—"));
      return;
    }
    if (!this.chart) this.place.replaceChildren.apply(this.place, this.parts);
    this.draw();
    this.listKeys();
    this.listRows();
  };

  Chart_.prototype.datasets = function () {
    var self = this, data = this.data, hidden = this.hidden;
    if (data.kind === "pie") {
      var colors = data.labels.map(function (_label, at) { return self.color(at); });
      return [{ data: data.series[0].values, backgroundColor: colors, borderColor: css("--tblr-bg-surface", this.place), borderWidth: 1 }];
    }
    return data.series.map(function (one, at) {
      var values = data.x ? one.values.map(function (value, n) { return { x: data.x[n], y: value }; }) : one.values;
      var own = self.color(at);
      return { label: one.label, data: values, unit: one.unit, hidden: hidden.has(one.label), borderColor: own, backgroundColor: own, borderWidth: data.kind === "bars" || data.kind === "stack" ? 0 : 2,
        pointRadius: data.x && data.x.length > 48 ? 0 : 2, pointHitRadius: 8, maxBarThickness: 36 };
    });
  };

  Chart_.prototype.draw = function () {
    var self = this, data = this.data;
    if (this.chart) {
      this.chart.data.labels = data.labels;
      this.chart.data.datasets = this.datasets();
    } else {
      this.chart = new Chart(this.canvas, {
        type: data.kind === "pie" ? "doughnut" : data.kind === "bars" || data.kind === "stack" ? "bar" : "line",
        data: { labels: data.labels, datasets: this.datasets() },
        options: { animation: false, responsive: true, maintainAspectRatio: false, interaction: data.kind === "pie" ? {} : { mode: "index", intersect: false },
          scales: data.kind === "pie" ? {} : this.scales(), plugins: { legend: { display: false }, tooltip: { callbacks: this.words() } } }
      });
    }
    if (data.kind === "pie") data.labels.forEach(function (label, at) {
      if (self.chart.getDataVisibility(at) === self.hidden.has(label)) self.chart.toggleDataVisibility(at);
    });
    this.chart.update("none");
  };

  Chart_.prototype.scales = function () {
    var data = this.data, stacked = data.kind === "stack";
    var faint = { color: css("--tblr-border-color", this.place) }, words = { color: css("--tblr-secondary", this.place), maxRotation: 0 };
    var unit = data.series[0].unit;
    var across = { stacked: stacked, grid: { display: false }, ticks: Object.assign({ autoSkipPadding: 12 }, words) };
    if (data.x) Object.assign(across, { type: "linear", min: data.x[0], max: data.x[data.x.length - 1], ticks: Object.assign({ callback: tick(data), maxTicksLimit: 8 }, words) });
    return { x: across, y: { stacked: stacked, beginAtZero: !data.x, grid: faint, border: { display: false },
      ticks: Object.assign({ precision: unit ? undefined : 0, callback: function (value) { return number(value, unit); }, maxTicksLimit: 6 }, words) } };
  };

  // What is told when the pointer is over a point.
  Chart_.prototype.words = function () {
    var self = this;
    return {
      title: function (items) {
        if (!items.length) return "";
        return self.data.x ? instant(self.data.x[items[0].dataIndex]) : self.data.titles[items[0].dataIndex];
      },
      label: function (item) {
        if (self.data.kind === "pie") return " " + number(item.parsed) + " (" + percent(item.parsed, self.sum()) + ")";
        return " " + item.dataset.label + ": " + number(item.parsed.y, item.dataset.unit);
      },
      footer: function (items) {
        if (self.data.kind !== "stack" || items.length < 2) return "";
        return text("Total") + ": " + number(items.reduce(function (sum, item) { return sum + item.parsed.y; }, 0), items[0].dataset.unit);
      }
    };
  };

  Chart_.prototype.listKeys = function () {
    var self = this, keys = this.keys();
    if (keys.join("\n") !== this.listed) { // else the button in focus stays
      this.listed = keys.join("\n");
      this.legend.replaceChildren.apply(this.legend, keys.map(function (label, at) { return self.key(label, at); }));
    }
    if (this.data.kind !== "pie") return;
    var values = this.data.series[0].values, sum = this.sum();
    this.legend.querySelectorAll(".chart-share").forEach(function (share, at) {
      share.textContent = self.hidden.has(keys[at]) ? "" : percent(values[at], sum);
    });
  };

  Chart_.prototype.key = function (label, at) {
    var self = this, item = element("li"), button = element("button", "chart-key"), swatch = element("span", "chart-swatch");
    button.type = "button";
    swatch.style.backgroundColor = this.color(at);
    button.setAttribute("aria-pressed", this.hidden.has(label) ? "false" : "true");
    button.append(swatch, element("span", "", label), element("span", "chart-share"));
    button.addEventListener("click", function () {
      if (!self.hidden.delete(label)) self.hidden.add(label);
      button.setAttribute("aria-pressed", self.hidden.has(label) ? "false" : "true");
      self.draw();
      self.listKeys();
    });
    item.append(button);
    return item;
  };

  // The same numbers for who cannot see the chart, or wants to read them.
  Chart_.prototype.listRows = function () {
    var data = this.data, pie = data.kind === "pie", sum = pie ? this.sum() : 0;
    var grid = element("table", "table table-sm"), head = element("tr"), box = element("div", "chart-table");
    var names = data.series.map(function (one) { return one.label; });
    [data.head || text("When")].concat(names, pie ? ["%"] : []).forEach(function (name) {
      var cell = element("th", "", name);
      cell.scope = "col";
      head.append(cell);
    });
    var rows = (data.x || data.titles).map(function (mark, at) {
      var row = element("tr");
      var values = data.series.map(function (one) { return number(one.values[at], one.unit); });
      [data.x ? instant(mark) : mark].concat(values, pie ? [percent(data.series[0].values[at], sum)] : [])
        .forEach(function (value) { row.append(element("td", "", value)); });
      return row;
    });
    grid.append(head);
    grid.append.apply(grid, rows);
    box.tabIndex = 0; // who has no mouse scrolls it
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", this.place.getAttribute("aria-label") || text("Table"));
    box.append(grid);
    var old = this.details.querySelector(".chart-table");
    var top = old ? old.scrollTop : 0;
    if (old) old.replaceWith(box); else this.details.append(box);
    box.scrollTop = top;
  };

  document.querySelectorAll("[data-chart]").forEach(function (place) {
    var chart = new Chart_(place);
    async function load() {
      try {
        var response = await fetch(place.dataset.chart);
        if (!response.ok) throw new Error(response.status);
        chart.show(await response.json());
      } catch (e) {
        if (!chart.data) place.textContent = text("Failed"); // else the next turn tries again
      }
    }
    load();
    document.body.addEventListener("refresh", load);
    document.addEventListener("themechange", function () {
      if (chart.chart) { chart.chart.destroy(); chart.chart = null; chart.show(chart.data); }
    });
    if (place.dataset.chartEvery) setInterval(function () { if (!document.hidden) load(); }, Number(place.dataset.chartEvery) * 1000);
  });
})();

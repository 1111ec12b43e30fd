// Charts over time: [data-chart] names JSON {"x": [epoch seconds], "series": [{"label", "values", "unit"}], "empty": "…"}.
(function () {
  "use strict";
  var COLORS = ["#066fd1", "#d6336c", "#2fb344", "#f76707", "#ae3ec9", "#17a2b8"];

  // A canvas knows no variables: let the browser compute the colour.
  function css(name, place) {
    var probe = document.createElement("span");
    probe.style.color = "var(" + name + ")";
    place.append(probe);
    var color = getComputedStyle(probe).color;
    probe.remove();
    return color;
  }

  function number(value, unit) {
    if (value === null || value === undefined) return "—";
    return value.toLocaleString(document.documentElement.lang) + (unit ? " " + unit : "");
  }

  function draw(place, data) {
    place.replaceChildren();
    if (!data.x.length) {
      var empty = document.createElement("p");
      empty.className = "text-secondary mb-0";
      empty.textContent = data.empty || "—";
      place.append(empty);
      return;
    }
    var axis = { stroke: css("--tblr-secondary", place), grid: { stroke: css("--tblr-border-color", place), width: 1 }, ticks: { show: false } };
    var lang = document.documentElement.lang;
    var day = (data.x[data.x.length - 1] - data.x[0]) > 172800;
    var label = function (seconds) {
      var options = day ? { day: "2-digit", month: "2-digit" } : { hour: "2-digit", minute: "2-digit" };
      return new Date(seconds * 1000).toLocaleString(lang, options);
    };
    var chart = new uPlot({
      width: place.clientWidth, height: 220,
      cursor: { y: false },
      series: [{ label: document.body.dataset.textWhen || "", value: function (u, v) { return v === null ? "—" : new Date(v * 1000).toLocaleString(lang); } }].concat(data.series.map(function (one, i) {
        return { label: one.label, stroke: COLORS[i % COLORS.length], width: 2, spanGaps: false, points: { show: data.x.length === 1 },
          value: function (u, v) { return number(v, one.unit); } };
      })),
      axes: [Object.assign({ size: 30, values: function (u, ticks) { return ticks.map(label); } }, axis),
        Object.assign({ values: function (u, ticks) { return ticks.map(function (v) { return number(v); }); } }, axis)]
    }, [data.x].concat(data.series.map(function (one) { return one.values; })), place);
    chart.root.setAttribute("aria-hidden", "true"); // the table says the same
    place.append(table(data, lang));
    return chart;
  }

  // The same numbers for who cannot see the chart, or wants to read them.
  function table(data, lang) {
    var details = document.createElement("details");
    var summary = document.createElement("summary");
    summary.textContent = document.body.dataset.textTable || "";
    var rows = data.x.map(function (x, at) {
      var row = document.createElement("tr");
      [new Date(x * 1000).toLocaleString(lang)].concat(data.series.map(function (s) { return number(s.values[at], s.unit); }))
        .forEach(function (value) { var cell = document.createElement("td"); cell.textContent = value; row.append(cell); });
      return row;
    });
    var head = document.createElement("tr");
    [document.body.dataset.textWhen || ""].concat(data.series.map(function (s) { return s.label; })).forEach(function (name) {
      var cell = document.createElement("th"); cell.scope = "col"; cell.textContent = name; head.append(cell);
    });
    var box = document.createElement("div");
    box.className = "chart-table";
    var grid = document.createElement("table");
    grid.className = "table table-sm";
    grid.append(head, ...rows);
    box.append(grid);
    details.append(summary, box);
    return details;
  }

  document.querySelectorAll("[data-chart]").forEach(async function (place) {
    var chart = null;
    var data = null;
    async function load() {
      try {
        var response = await fetch(place.dataset.chart);
        if (!response.ok) throw new Error(response.status);
        data = await response.json();
        chart = draw(place, data);
      } catch (e) {
        place.textContent = document.body.dataset.textFailed || "";
      }
    }
    await load();
    var again = function () { if (data) chart = draw(place, data); };
    document.addEventListener("themechange", again);
    new ResizeObserver(function () { if (chart) chart.setSize({ width: place.clientWidth, height: 220 }); }).observe(place);
    if (place.dataset.chartEvery) setInterval(function () { if (!document.hidden) load(); }, Number(place.dataset.chartEvery) * 1000);
  });
})();

// Draws every plot of the page from the results that are embedded in it. What is computed here is where things stand on
// paper; every number comes from the results. Texts from strangers reach the page as text, never as HTML.
"use strict";
(() => {
  const results = JSON.parse(document.getElementById("results").textContent);
  const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const lowerIsBetter = (suite) => suite.querySelector(".facts").textContent.includes("lower is better");

  // ---- how things look ---------------------------------------------------------------------------

  let ink;
  const takeColours = () => {
    ink = Object.fromEntries(["ink", "soft", "faint", "line", "grid", "paper", "grey", "good", "bad"].map((name) => [name, css(`--${name}`)]));
    ink.of = (look) => (look.colour === null ? ink.grey : css(`--c${look.colour}`));
    ink.font = css("--sans");
  };
  const symbols = { circle: "circle", rect: "rect", triangle: "triangle", diamond: "diamond" };
  const text = (size = 12, color = ink.soft) => ({ color, fontSize: size, fontFamily: ink.font });
  const fixed = (digits) => (value) => (isNumber(value) ? value.toFixed(digits) : "–");
  const signed = (digits) => (value) => (isNumber(value) ? (value > 0 ? "+" : "") + value.toFixed(digits) : "–");
  const short = (value) =>
    Math.abs(value) >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : Math.abs(value) >= 1e3 ? `${+(value / 1e3).toFixed(1)}k` : `${+value.toFixed(2)}`;
  const brief = (label) => (label.length > 26 ? `${label.slice(0, 25)}…` : label);
  const millis = (value) => (value < 1 ? `${+(value * 1e3).toPrecision(2)} µs` : value < 1e3 ? `${+value.toPrecision(2)} ms` : `${+(value / 1e3).toPrecision(2)} s`);

  const brush = document.createElement("canvas").getContext("2d");
  const widthOf = (words, size = 12) => {
    brush.font = `${size}px ${ink.font}`;
    return Math.ceil(Math.max(0, ...words.map((word) => brush.measureText(word).width)));
  };

  const axis = (more) => ({
    type: "value",
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...text(), hideOverlap: true },
    splitLine: { lineStyle: { color: ink.grid } },
    nameTextStyle: text(),
    ...more,
  });

  // A tooltip of plain text: ECharts would take it for HTML.
  const tip = (lines) => echarts.format.encodeHTML(lines.filter(Boolean).join("\n")).replaceAll("\n", "<br>");
  const tooltip = (trigger, formatter) => ({
    trigger,
    confine: true,
    formatter,
    backgroundColor: ink.paper,
    borderColor: ink.line,
    padding: [6, 10],
    textStyle: text(13, ink.ink),
    extraCssText: "box-shadow: 0 4px 18px rgb(0 0 0 / .15); white-space: normal; max-width: 300px;",
  });

  // ---- rows: a strategy per line ------------------------------------------------------------------

  // Room for the names at the left, never more than two fifths of the width.
  const names = (looks, width) => {
    const room = Math.min(widthOf(looks.map((look) => look.label)) + 12, Math.floor(width * 0.4));
    return {
      left: room,
      axis: {
        type: "category",
        inverse: true,
        data: looks.map((look) => look.label),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...text(12, ink.ink), width: room - 10, overflow: "truncate", interval: 0, margin: 10 },
      },
    };
  };
  const rowsHeight = (rows) => Math.max(120, rows * 25 + 50);

  // Means with intervals. `spans` are drawn from the widest to the narrowest: [[low, high], ...].
  const forest = ({ rows, width, format, zero, x }) => {
    const shown = rows.filter((row) => isNumber(row.value));
    const { left, axis: y } = names(shown.map((row) => row.look), width);
    const widths = [2, 5];
    const spans = shown.flatMap((row, place) =>
      row.spans
        .filter(([low, high]) => isNumber(low) && isNumber(high))
        .map(([low, high], depth) => ({
          type: "line",
          data: [[low, place], [high, place]],
          symbol: "none",
          silent: true,
          animation: false,
          lineStyle: { color: ink.of(row.look), width: widths[depth], opacity: row.spans.length > 1 && depth === 0 ? 0.6 : 0.9, cap: "round" },
        })),
    );
    return {
      height: rowsHeight(shown.length),
      option: {
        grid: { left, right: 18, top: 6, bottom: 28 },
        xAxis: axis({ splitNumber: width < 420 ? 3 : 5, ...x, axisLabel: { ...text(), formatter: x?.format, hideOverlap: true } }),
        yAxis: y,
        tooltip: tooltip("item", ({ dataIndex }) => {
          const row = shown[dataIndex];
          return tip([row.look.label, `${format(row.value)}${row.told ?? ""}`]);
        }),
        series: [
          ...spans,
          {
            type: "scatter",
            data: shown.map((row, place) => ({
              value: [row.value, place],
              symbol: symbols[row.look.symbol],
              itemStyle: { color: ink.of(row.look), borderColor: ink.paper, borderWidth: 1.5 },
            })),
            symbolSize: 11,
            z: 5,
            markLine: zero && {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: ink.soft, type: "solid", width: 1 },
              data: [{ xAxis: 0 }],
            },
          },
        ],
      },
    };
  };

  const interval = (estimate) => (estimate?.interval ? [estimate.interval.low, estimate.interval.high] : []);
  const told = (estimate, format) => (estimate?.interval ? ` [${format(estimate.interval.low)}, ${format(estimate.interval.high)}]` : "");
  const estimates = (strategies, pick, format, more) => (width) =>
    forest({
      rows: strategies.map(([strategy, look]) => {
        const estimate = pick(strategy);
        return { look, value: estimate?.mean, spans: [interval(estimate)], told: told(estimate, format) };
      }),
      width,
      format,
      ...more,
    });

  const latency = (strategies) => (width) =>
    forest({
      rows: strategies.map(([{ latency: at }, look]) => {
        const [, p5, , p25, p50, p75, , p95] = at.map((value) => Math.max(value, 1e-3)); // a clock of microseconds
        return { look, value: p50, spans: [[p5, p95], [p25, p75]], told: isNumber(p95) ? `, p95 ${millis(p95)}` : "" };
      }),
      width,
      format: millis,
      x: { type: "log", format: millis, min: (at) => 10 ** Math.floor(Math.log10(at.min)), max: (at) => 10 ** Math.ceil(Math.log10(at.max)) },
    });

  const harm = (strategies) => (width) => {
    const shown = strategies.filter(([strategy]) => strategy.harm);
    const { left, axis: y } = names(shown.map(([, look]) => look), width);
    const most = Math.max(1, ...shown.flatMap(([{ harm }]) => [harm.lost.length, harm.gained]));
    const lost = Math.max(0, ...shown.map(([{ harm }]) => harm.lost.length));
    const bar = (name, color, position, value) => ({
      type: "bar",
      name,
      stack: "tasks",
      barWidth: 13,
      itemStyle: { color, borderRadius: 2 },
      label: { show: true, position, ...text(12, ink.ink), formatter: ({ value }) => (value ? `${Math.abs(value)}` : "") },
      data: shown.map(([strategy]) => value(strategy.harm)),
    });
    return {
      height: rowsHeight(shown.length) + 22,
      option: {
        grid: { left, right: 34, top: 28, bottom: 28 },
        legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, textStyle: text(13, ink.ink), selectedMode: false },
        xAxis: axis({ min: -Math.max(lost, most * 0.12) * 1.15, max: most * 1.15, splitNumber: 4, axisLabel: { ...text(), hideOverlap: true, showMinLabel: false, showMaxLabel: false, formatter: (value) => short(Math.abs(value)) } }),
        yAxis: y,
        tooltip: tooltip("item", ({ dataIndex }) => {
          const [{ harm }, look] = shown[dataIndex];
          return tip([look.label, `lost ${harm.lost.length} of ${harm.solved_without}`, `gained ${harm.gained}`]);
        }),
        series: [
          bar("lost with memory", ink.bad, "left", (harm) => -harm.lost.length),
          bar("gained with memory", ink.good, "right", (harm) => harm.gained),
        ],
      },
    };
  };

  // Bounds around values that leave the outermost off the frame.
  const around = (values) => {
    const known = values.filter(isNumber);
    const [low, high] = [Math.min(...known), Math.max(...known)];
    const margin = (high - low || Math.abs(high) || 1) * 0.14;
    return { min: low - margin, max: high + margin };
  };

  // ---- score against cost --------------------------------------------------------------------------

  // Names beside their points, where there is room: plugins first. What finds none is told by its tooltip and the table.
  const placeNames = (chart, points, width, height) => {
    const boxes = points.map(({ value, symbolSize: size }) => {
      const [x, y] = chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, value);
      return { x, y, left: x - size / 2, right: x + size / 2, top: y - size / 2, bottom: y + size / 2 };
    });
    const taken = [...boxes];
    const free = (box) =>
      box.left > 50 && box.right < width - 2 && box.top > 2 && box.bottom < height - 40 &&
      taken.every((other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom);
    const order = points.map((_, place) => place).sort((a, b) => points[b].symbolSize - points[a].symbolSize);
    for (const place of order) {
      const point = points[place];
      const { x, y } = boxes[place];
      const [wide, half] = [widthOf([point.label.formatter()]), 7];
      const gap = point.symbolSize / 2 + 4;
      const sides = {
        right: { left: x + gap, right: x + gap + wide, top: y - half, bottom: y + half },
        left: { left: x - gap - wide, right: x - gap, top: y - half, bottom: y + half },
        top: { left: x - wide / 2, right: x + wide / 2, top: y - gap - 2 * half, bottom: y - gap },
        bottom: { left: x - wide / 2, right: x + wide / 2, top: y + gap, bottom: y + gap + 2 * half },
      };
      const side = Object.keys(sides).find((side) => free(sides[side]));
      point.label = { ...point.label, show: Boolean(side), position: side, distance: 4 };
      if (side) taken.push(sides[side]);
    }
    return points;
  };

  const against = (strategies, metric, cost, onFrontier, scale) => (width) => {
    const shown = strategies.filter(([strategy, look]) => !look.ceiling && isNumber(strategy.quality?.mean) && strategy.costs);
    const at = ([strategy]) => [scale.to(cost(strategy.costs)), strategy.quality.mean];
    const points = shown.map((one) => {
      const [strategy, look] = one;
      const marked = onFrontier(strategy.frontier);
      const plugin = look.colour !== null;
      return {
        value: at(one),
        symbol: symbols[look.symbol],
        symbolSize: plugin ? 12 : 8,
        itemStyle: { color: ink.of(look), opacity: 1, borderColor: marked ? ink.ink : ink.paper, borderWidth: marked ? 2 : 1 },
        label: { show: false, formatter: () => brief(look.label.replace(" (floor)", "")), ...text(12, plugin ? ink.ink : ink.soft) },
      };
    });
    const frontier = shown.filter(([strategy]) => onFrontier(strategy.frontier)).map(at).sort(([a], [b]) => a - b);
    const height = Math.round(Math.max(270, Math.min(340, width * 0.62)));
    return {
      height,
      option: {
        grid: { left: 46, right: 26, top: 30, bottom: 46 },
        xAxis: axis({ name: scale.name, nameLocation: "middle", nameGap: 28, splitNumber: width < 420 ? 3 : 5, min: 0, ...scale.axis, axisLabel: { ...text(), hideOverlap: true, formatter: (value) => short(scale.from(value)) } }),
        yAxis: axis({ name: metric, nameLocation: "end", nameGap: 12, nameTextStyle: { ...text(), align: "left", padding: [0, 0, 0, -40] }, ...around(shown.map((one) => at(one)[1])), axisLabel: { ...text(), showMinLabel: false, showMaxLabel: false, formatter: (value) => `${+value.toFixed(3)}` } }),
        tooltip: tooltip("item", ({ seriesIndex, dataIndex }) => {
          if (seriesIndex === 0) return "";
          const [strategy, look] = shown[dataIndex];
          return tip([look.label, `${metric} ${fixed(3)(strategy.quality.mean)}`, `${short(cost(strategy.costs))} tokens`, onFrontier(strategy.frontier) && "on the frontier"]);
        }),
        series: [
          { type: "line", data: frontier, symbol: "none", silent: true, lineStyle: { color: ink.soft, width: 1.5, type: [5, 4] } },
          { type: "scatter", data: points, z: 4 },
        ],
      },
      finish: (chart) => chart.setOption({ series: [{}, { data: placeNames(chart, points, width, height) }] }),
    };
  };

  // ---- over the course of a run --------------------------------------------------------------------

  const course = (strategy, pick) => strategy.curve.filter((point) => isNumber(pick(point))).map((point) => [point.asked, pick(point)]);
  const asked = (width, most) => axis({ min: 0, max: most, splitLine: { show: false }, splitNumber: width < 300 ? 2 : 4, axisLine: { show: true, lineStyle: { color: ink.line }, onZero: false }, axisLabel: { ...text(), hideOverlap: true, formatter: short } });
  const mostAsked = (strategies) => Math.max(1, ...strategies.flatMap(([strategy]) => strategy.curve.map((point) => point.asked)));
  const thin = (data, color, more = {}) => ({ type: "line", data, symbol: "none", silent: true, animation: false, lineStyle: { color, width: 1, ...more } });

  const drawn = (strategies) => {
    const plugins = strategies.filter(([strategy]) => !strategy.floor);
    return plugins.length ? plugins : strategies;
  };

  const lines = (strategies, pick, format, { nested, ...more } = {}) => (width) => {
    const shown = drawn(strategies).filter(([strategy]) => course(strategy, pick).length);
    const wider = (place) => (nested ? Math.min(3, shown.length - 1 - place) : 0);
    return {
      height: Math.max(230, Math.min(300, width * 0.55)),
      option: {
        grid: { left: 46, right: 16, top: 14, bottom: 44 },
        xAxis: { ...asked(width, mostAsked(shown)), name: "questions asked", nameLocation: "middle", nameGap: 28 },
        yAxis: axis({ axisLabel: { ...text(), formatter: short }, ...more }),
        tooltip: tooltip("axis", (points) => {
          const told = points.filter(({ value }) => value).map(({ seriesIndex, value }) => `${shown[seriesIndex][1].label}: ${format(value[1])}`);
          return tip([`after ${points[0].value[0]} questions`, ...told]);
        }),
        // Where lines lie on one another, earlier ones are wider, so that they stay to be seen.
        series: shown.map(([strategy, look], place) => ({
          type: "line",
          data: course(strategy, pick),
          symbol: symbols[look.symbol],
          symbolSize: 7,
          showSymbol: false,
          showAllSymbol: false,
          lineStyle: { color: ink.of(look), width: 2 + 1.6 * wider(place) },
          itemStyle: { color: ink.of(look) },
          emphasis: { focus: "series" },
          markPoint: { silent: true, symbol: symbols[look.symbol], symbolSize: 9 + 3 * wider(place), label: { show: false }, itemStyle: { color: ink.of(look) }, data: [{ coord: course(strategy, pick).at(-1) }] },
        })),
      },
    };
  };

  // One panel per strategy, with the others in grey: bands of a dozen strategies over one another tell nothing.
  const panels = (strategies, format) => {
    const shown = drawn(strategies).filter(([strategy]) => strategy.curve.length);
    const none = strategies.find(([strategy]) => strategy.floor && strategy.strategy === "none");
    const most = mostAsked(shown);
    const late = (strategy) => strategy.curve.filter((point) => point.asked >= most * 0.1);
    const values = [...shown, ...(none ? [none] : [])].flatMap(([strategy]) => [
      ...late(strategy).map((point) => point.mean),
      ...strategy.curve.slice(-1).flatMap((point) => [point.low, point.high]),
    ]);
    const y = around(values);
    return shown.map(([strategy, look]) => ({
      title: look.label,
      final: format(strategy.curve.at(-1).mean),
      draw: (width) => {
        const banded = strategy.curve.filter((point) => isNumber(point.low) && isNumber(point.high));
        const others = shown.filter(([other]) => other !== strategy);
        return {
          height: 150,
          option: {
            grid: { left: 36, right: 8, top: 10, bottom: 24 },
            xAxis: asked(width, most),
            yAxis: axis({ ...y, splitNumber: 3, axisLabel: { ...text(11), showMinLabel: false, showMaxLabel: false, formatter: (value) => `${+value.toFixed(2)}` } }),
            tooltip: tooltip("axis", (points) => {
              const point = strategy.curve.find((one) => one.asked === points[0].value[0]);
              if (!point) return "";
              const band = isNumber(point.low) ? ` [${format(point.low)}, ${format(point.high)}]` : "";
              return tip([look.label, `after ${point.asked} questions: ${format(point.mean)}${band}`]);
            }),
            series: [
              { ...thin(banded.map((point) => [point.asked, point.low]), "transparent"), stack: "band", stackStrategy: "all" },
              {
                ...thin(banded.map((point) => [point.asked, point.high - point.low]), "transparent"),
                stack: "band",
                stackStrategy: "all",
                areaStyle: { color: ink.of(look), opacity: 0.18 },
              },
              ...others.map(([other]) => thin(course(other, (point) => point.mean), ink.faint, { opacity: 0.45 })),
              ...(none ? [thin(course(none[0], (point) => point.mean), ink.soft, { type: [4, 3], width: 1.3 })] : []),
              { type: "line", data: course(strategy, (point) => point.mean), symbol: "none", animation: false, lineStyle: { color: ink.of(look), width: 2.4 }, z: 6 },
            ],
          },
        };
      },
    }));
  };

  // ---- the page --------------------------------------------------------------------------------------

  const plain = { to: (value) => value, from: (value) => value, name: "tokens handed over per question" };
  // Zero has no logarithm, and most strategies ask no model: it stands where one token would.
  const powers = { to: (value) => (value > 1 ? Math.log10(value) : 0), from: (value) => (value > 0 ? 10 ** value : 0), name: "model tokens for writing, per run", axis: { interval: 1, max: (at) => Math.ceil(at.max) || 1 } };

  const builders = (strategies, metric) => ({
    score: estimates(strategies, (strategy) => strategy.quality, fixed(3)),
    difference: estimates(strategies.filter(([strategy]) => strategy.difference), (strategy) => strategy.difference, signed(3), { zero: true }),
    harm: harm(strategies),
    latency: latency(strategies.filter(([strategy]) => strategy.latency[4] >= 1e-3)),
    "handed-over": against(strategies, metric, (costs) => costs.tokens_per_question, (frontier) => frontier.handed_over, plain),
    written: against(strategies, metric, (costs) => costs.writing_tokens, (frontier) => frontier.written, powers),
    regret: lines(strategies, (point) => point.regret, signed(1)),
    memories: lines(strategies, (point) => point.memories, short, { min: 0, nested: true }),
  });

  // What has been drawn: an element, how to draw it at a width, and its chart.
  const plots = [];
  const add = (element, draw) => plots.push({ element, draw, chart: null, width: 0 });

  const paint = (plot) => {
    plot.width = plot.element.clientWidth;
    const { height, option, finish } = plot.draw(plot.width);
    plot.element.style.height = `${height}px`;
    plot.chart?.dispose();
    plot.chart = echarts.init(plot.element, null, { renderer: "svg", width: plot.width, height });
    plot.chart.setOption({ animation: false, textStyle: { fontFamily: ink.font }, ...option });
    finish?.(plot.chart);
  };

  takeColours();
  for (const section of document.querySelectorAll("section.suite")) {
    const suite = results.suites[Number(section.dataset.suite)];
    const looks = JSON.parse(section.dataset.looks);
    const strategies = suite.strategies.map((strategy, place) => [strategy, looks[place]]);
    const known = builders(strategies, suite.primary + (lowerIsBetter(section) ? " ↓" : ""));
    for (const element of section.querySelectorAll(".plot")) {
      if (element.dataset.plot !== "curve") {
        add(element, known[element.dataset.plot]);
        continue;
      }
      const grid = element.appendChild(document.createElement("div"));
      grid.className = "panels";
      for (const panel of panels(strategies, fixed(3))) {
        const box = grid.appendChild(document.createElement("div"));
        box.className = "panel";
        const title = box.appendChild(document.createElement("b"));
        title.append(Object.assign(document.createElement("span"), { textContent: panel.title }));
        title.append(Object.assign(document.createElement("span"), { textContent: panel.final }));
        add(box.appendChild(document.createElement("div")), panel.draw);
      }
    }
  }
  for (const plot of plots) paint(plot);

  const resized = new ResizeObserver(() =>
    requestAnimationFrame(() => plots.filter(({ element, width }) => element.clientWidth !== width).forEach(paint)),
  );
  resized.observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    takeColours();
    plots.forEach(paint);
  });
  document.documentElement.dataset.plots = plots.length;
})();

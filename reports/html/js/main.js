// Puts the page's parts to work, each by itself: where one fails, the tables and the others are still there.

const CHARTS = {
  rate: rateChart, latency: latencyChart, users: usersChart, phases: phasesChart,
  heat: heatChart, curve: curveChart, scatter: scatterChart,
};

function drawCharts(data) {
  for (const place of document.querySelectorAll("[data-chart]")) {
    place.replaceChildren();
    try {
      CHARTS[place.dataset.chart](place, data);
    } catch (error) {
      nothing(place, `This chart could not be drawn: ${error.message}`);
      console.error(error);
    }
  }
}

function problem(text) {
  const element = byId("charts-problem");
  element.textContent = text;
  element.hidden = false;
}

async function start() {
  let redraw = () => {};
  startThemes(() => redraw());
  const table = byId("endpoint-table");
  const endpoints = table ? new EndpointTable(table) : null;
  let data;
  try {
    const text = await resultText();
    const result = JSON.parse(text);
    data = new Data(result, JSON.parse(byId("view").textContent));
    const button = byId("save");
    button.disabled = false;
    button.addEventListener("click", () => save(text, `${result.run.id}.json`));
  } catch (error) {
    problem(error.message);
    return;
  }
  const { from, to } = data.view;
  Object.assign(zoom, { from, to, all: [from, to] });
  drawCharts(data);
  endpoints?.fill(data);
  if (plots.some((plot) => plot.isTime)) byId("zoom-bar").hidden = false;
  byId("zoom-reset").addEventListener("click", zoomAll);
  redraw = () => {
    const { from: left, to: right } = zoom;
    removePlots();
    drawCharts(data);
    endpoints?.redraw();
    zoomTo(left, right);
  };
  new ResizeObserver(() => requestAnimationFrame(fitPlots)).observe(document.querySelector("main"));
  document.documentElement.dataset.ready = "";
}

start();

"use strict";

const often = 5000;   // how the pools stand
const seldom = 60000; // what the last days were like
const byId = (id) => document.getElementById(id);

let pools = {};

async function ask(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!answer.ok) {
    throw new Error(answer.status === 401 ? "Sign in to see the pools." : "The server answered " + answer.status + ".");
  }
  return answer.json();
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function track(share, className) {
  const outer = make("div", "track");
  const fill = make("div", "fill " + (className || ""));
  if (className !== "empty") fill.style.width = Math.round(Math.min(1, share) * 100) + "%";
  outer.append(fill);
  return outer;
}

// amount carries its name, for screens on which the head of the table has no room.
function amount(n, label) {
  const cell = make("td", "number", n);
  cell.dataset.label = label;
  return cell;
}

function poolRow(name, pool) {
  const row = make("tr");
  const title = make("td", "", name);
  if (pool.alias) title.append(make("div", "alias", pool.alias.join(", ")));
  const gauge = make("div", "gauge");
  const share = pool.max > 0 ? pool.ready / pool.max : pool.ready > 0 ? 1 : 0;
  gauge.append(track(share, pool.max > 0 && pool.ready === 0 ? "empty" : share < 0.5 && pool.max > 0 ? "low" : ""));
  gauge.append(make("span", "", pool.ready + " of " + pool.max));
  const cell = make("td", "wide");
  cell.append(gauge);
  row.append(title, cell, amount(pool.running, "running"), amount(pool.pending, "pending"), make("td", "late", pool.lastBoot || "never"));
  return row;
}

function drawPools() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const rows = Object.entries(pools)
    .filter(([name, pool]) => [name, ...(pool.alias || [])].some((n) => n.toLowerCase().includes(wanted)))
    .map(([name, pool]) => poolRow(name, pool));
  byId("pools").replaceChildren(...rows);
  byId("nopools").hidden = rows.length > 0;
}

function drawStatus(status) {
  pools = status.pools;
  const queue = status.queue;
  byId("ready").textContent = queue.ready;
  byId("capacity").textContent = status.capacity.percent + " % of " + status.capacity.total;
  byId("running").textContent = queue.running;
  byId("pending").textContent = queue.pending;
  byId("cloning").textContent = queue.cloning + " cloning, " + queue.booting + " booting";
  byId("completed").textContent = queue.completed;
  say(status.status.message, status.status.ok);
  drawPools();
}

function drawFamilies(stats) {
  const all = Object.entries(stats).sort((a, b) => b[1].running - a[1].running);
  const most = Math.max(1, ...all.map(([, s]) => s.running));
  byId("families").replaceChildren(...all.map(([name, s]) => {
    const item = make("li");
    item.append(make("span", "", name), track(s.running / most), make("b", "", s.running));
    return item;
  }));
}

function svg(tag, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function drawClones(summary) {
  const days = summary.daily;
  const width = 560, height = 200, top = 24, base = 158, slot = width / days.length;
  const most = Math.max(1, ...days.map((d) => d.clone.duration.max));
  const y = (seconds) => base - (base - top) * seconds / most;
  const chart = svg("svg", { viewBox: "0 0 " + width + " " + height, role: "img", "aria-label": "Clone times by day" });
  chart.append(svg("line", { class: "base", x1: 0, y1: base, x2: width, y2: base }));
  days.forEach((day, i) => {
    const { average, min, max } = day.clone.duration, count = day.clone.count.total;
    const middle = slot * (i + 0.5);
    const group = svg("g", {});
    group.append(svg("title", {}, day.date + ": " + count + " clones, " + average + " s on average, " + min + " to " + max + " s"));
    if (count > 0) {
      group.append(svg("rect", { class: "bar", x: middle - slot * 0.22, y: y(average), width: slot * 0.44, height: base - y(average), rx: 3 }));
      group.append(svg("line", { class: "span", x1: middle, y1: y(min), x2: middle, y2: y(max) }));
      group.append(svg("text", { class: "value", x: middle, y: Math.max(12, y(max) - 6) }, average + " s"));
    }
    group.append(svg("text", { x: middle, y: base + 18 }, day.date.slice(5)));
    group.append(svg("text", { x: middle, y: base + 34 }, count + "×"));
    chart.append(group);
  });
  byId("clones").replaceChildren(chart);
}

function say(text, good) {
  const verdict = byId("verdict");
  if (verdict.textContent !== text) verdict.textContent = text;
  verdict.className = "verdict " + (good ? "good" : "bad");
}

// every asks again and again, one after the other, while somebody looks.
function every(pause, work) {
  const turn = async () => {
    if (!document.hidden) {
      try {
        await work();
      } catch (fault) {
        say(fault instanceof TypeError ? "The server does not answer." : fault.message, false);
      }
    }
    setTimeout(turn, pause);
  };
  turn();
}

byId("filter").addEventListener("input", drawPools);

every(often, async () => {
  const [status, running] = await Promise.all([
    ask("../api/v1/status?view=capacity,pools,queue"),
    ask("stats/vmpooler/running"),
  ]);
  drawStatus(status);
  drawFamilies(running);
  byId("asof").textContent = "As of " + new Date().toLocaleTimeString();
});

every(seldom, async () => {
  const from = new Date(Date.now() - 6 * 24 * 3600 * 1000).toISOString().slice(0, 10);
  drawClones(await ask("../api/v1/summary/clone?from=" + from));
});

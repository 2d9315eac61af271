"use strict";
/* What a page says of its runs before it draws them: title, figures, and how two runs differ. */

function showHead(runs, changed) {
  const [run] = runs;
  const {head, ended} = run;
  byId("title").textContent = visible(head.lesson || head.scenario);
  const facts = byId("facts");
  facts.replaceChildren();
  for (const one of runs) facts.append(...outcomeOf(one));
  const seed = head.seed === null || head.seed === undefined ? [] : [`seed ${head.seed}`];
  facts.append(
    [
      visible(head.scenario),
      ...seed,
      head.clock && `${head.clock} clock`,
      head.backend && `${head.backend} back end`,
    ]
      .filter(Boolean)
      .map((part) => ` \u00b7 ${visible(part)}`)
      .join(""),
  );
  byId("figures").replaceChildren(...(ended && runs.length === 1 ? figuresOf(ended.counts) : []));
  const notices = runs.flatMap(noticesOf);
  byId("notice").hidden = !notices.length;
  byId("notice").textContent = notices.join("\n");
  byId("footer").replaceChildren(...runs.flatMap(repeatOf));
  showChanges(runs, changed);
}

/* What the second run has otherwise: in words, and as figures that differ. */
function showChanges(runs, changed) {
  const box = byId("changed");
  const [first, second] = runs;
  box.hidden = !second;
  if (!second || !first.ended || !second.ended) return;
  const list = element("ul");
  for (const words of changed)
    list.append(
      element("li", words.startsWith(" ") ? "under" : "", visible(words.trim().replace(/^What changed: /, ""))),
    );
  const words = element("div");
  words.append(element("h2", "", "What changed"), ...(changed.length ? [list] : []));
  const rows = differing(first.ended, second.ended);
  if (!rows.length && !changed.length) words.append(element("p", "", "Nothing that is counted."));
  const table = element("table");
  const line = (cells, sort) => {
    const row = element("tr");
    cells.forEach((cell, n) => row.append(element(n ? sort : "th", "", cell)));
    return row;
  };
  table.append(
    line(["", visible(first.head.name || "first"), visible(second.head.name || "second")], "th"),
    ...rows.map((row) => line(row, "td")),
  );
  box.replaceChildren(words, ...(rows.length ? [table] : []));
}

function repeatOf({head, ended}) {
  if (!ended || !ended.repeat) return [];
  const line = element("div", "", head.name ? `Repeat ${visible(head.name)}: ` : "Repeat it: ");
  line.append(element("code", "", visible(ended.repeat)));
  return [line];
}

function outcomeOf(run) {
  const outcome = run.ended ? run.ended.outcome : "going on";
  const sign = element(
    "span",
    `outcome ${outcome === "ok" ? "good" : outcome === "going on" ? "" : "bad"}`,
    visible(outcome),
  );
  const seconds = run.ended ? run.ended.seconds : run.until;
  return [
    sign,
    ` after ${spanOfTime(seconds)}${run.head.name ? ` (${visible(run.head.name)})` : ""}  `,
  ];
}

function figuresOf(counts) {
  const figures = [
    ["invocations", "invocations"],
    ["errors", "errors", true],
    ["throttles", "throttles", true],
    ["retries", "retries"],
    ["cold_starts", "cold starts"],
    ["delivered", "records delivered"],
    ["filtered", "filtered out"],
    ["discarded", "discarded", true],
    ["expired", "expired", true],
    ["redriven", "redriven", true],
  ];
  return figures
    .filter(([key, , bad]) => counts[key] || (!bad && key === "invocations"))
    .map(([key, words, bad]) => {
      const box = element("div");
      box.append(
        element("dt", "", words),
        element("dd", bad ? "bad" : "", counts[key].toLocaleString("en")),
      );
      return box;
    });
}

function noticesOf(run) {
  const notices = [];
  const {ended} = run;
  if (ended && ended.because) notices.push(visible(ended.because));
  if (ended) notices.push(...ended.unmet.map(visible));
  if (ended && ended.outcome === "cut off")
    notices.push("This journal is cut off: what stands in it is shown.");
  if (ended && ended.left_out)
    notices.push(
      `The first ${run.rows.length.toLocaleString("en")} entries are shown; ` +
        `${ended.left_out.toLocaleString("en")} more are left out of this page, ` +
        "and counted in its figures.",
    );
  if (!run.lanes.length) notices.push("This journal tells nothing between its start and its end.");
  return run.head.name ? notices.map((text) => `${visible(run.head.name)}: ${text}`) : notices;
}

function differing(first, second) {
  const rows = [];
  if (first.outcome !== second.outcome)
    rows.push(["outcome", visible(first.outcome), visible(second.outcome)]);
  if (first.seconds !== second.seconds)
    rows.push(["took", spanOfTime(first.seconds), spanOfTime(second.seconds)]);
  for (const [name, count] of Object.entries(first.counts)) {
    const other = second.counts[name];
    if (count !== other)
      rows.push([
        name.replaceAll("_", " "),
        count.toLocaleString("en"),
        other.toLocaleString("en"),
      ]);
  }
  return rows;
}

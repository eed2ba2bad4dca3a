// The graph of a group's jobs: each leads to its form, and lines go from a job to those that depend on it.
// Frappe loads this with the form of Job Group; dagre, which says where everything stands, comes with the
// first graph that is drawn. All texts are set as texts.

frappe.provide("dartwing.jobs");

const DAGRE = "/assets/dartwing/js/vendor/dagre-3.1.3.esm.js";
const NODE = { width: 226, height: 56 };
const GAP = 12;
// as many jobs side by side, with the same parents and children, are drawn in one frame
const FRAMED = 4;
// more lines than these show nothing any more, and take dagre seconds
const MAX_LINES = 400;
const PARENTS_TOLD = 20;
const SCALES = { least: 0.1, readable: 0.6, first: 0.85, most: 2, step: 1.25 };

dartwing.jobs.Graph = class Graph {
	constructor(wrapper) {
		this.shown = {};
		this.nodes = new Map();
		this.build(wrapper);
	}

	build(wrapper) {
		frappe.dom.set_style(GRAPH_STYLE, "dartwing-graph");
		const tool = (label, sign, onclick) =>
			make("button", { type: "button", class: "btn btn-default btn-xs", "aria-label": label, onclick }, sign);
		this.scaled = make("div", { class: "scaled" });
		this.sheet = make("div", { class: "sheet" }, this.scaled);
		this.window = make(
			"div",
			{ class: "window", role: "region", tabindex: 0, "aria-label": __("Graph of the jobs") },
			this.sheet,
		);
		this.note = make("p", { class: "note" });
		this.rows = make("tbody");
		const heads = [__("Job"), __("Job Type"), __("Status"), __("Depends on")];
		const table = make(
			"table",
			{ class: "dartwing-attempts" },
			make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
			this.rows,
		);
		this.element = make(
			"div",
			{ class: "dartwing-graph" },
			make(
				"div",
				{ class: "tools" },
				tool(__("Zoom out"), "−", () => this.zoom(1 / SCALES.step)),
				tool(__("Zoom in"), "+", () => this.zoom(SCALES.step)),
				tool(__("Show all"), __("Fit"), () => this.fit()),
			),
			this.window,
			this.note,
			make("details", {}, make("summary", {}, __("The same as a list")), table),
		);
		wrapper.replaceChildren(this.element);
		this.listen();
	}

	// What is drawn stays while only statuses change.
	async show(group_id, graph) {
		const drawing = JSON.stringify([group_id, graph.nodes.map(({ name }) => name), graph.edges, graph.more]);
		if (this.shown.drawing !== drawing) {
			const is_new = this.shown.group_id !== group_id;
			this.shown = { group_id, drawing };
			this.dagre ??= import(DAGRE);
			try {
				const dagre = await this.dagre;
				// meanwhile another one was asked for
				if (this.shown.drawing !== drawing) return;
				this.draw(graph, arrange(graph, dagre), is_new);
			} catch {
				this.dagre = null;
				this.draw(graph, null, is_new);
			}
		}
		graph.nodes.forEach((node) => this.update(node.name, node));
	}

	has(name) {
		return this.nodes.has(name);
	}

	// `status`, `progress`: what is known anew of a job.
	update(name, changes) {
		const node = this.nodes.get(name);
		if (!node) return;
		Object.assign(node.job, changes);
		const { job_type, status, progress } = node.job;
		const percent = Math.floor(progress || 0);
		const is_running = status === "Running";
		const said = [`${job_type} ${name}`, __(status), is_running && `${percent} %`].filter(Boolean).join(", ");
		const color = `var(--${dartwing.jobs.COLORS[status] || "gray"}-500, var(--gray-500, #7c7c7c))`;
		for (const one of node.pills) {
			one.style.setProperty("--dot", color);
			set(one, is_running ? `${__(status)} ${percent} %` : __(status));
		}
		if (!node.link) return;
		node.link.dataset.status = status;
		node.link.title = said;
		node.link.setAttribute("aria-label", said);
		node.link.style.setProperty("--dot", color);
		node.bar.style.width = is_running ? `${percent}%` : 0;
	}

	// --- drawing

	draw(graph, arranged, is_new) {
		const focused = this.scaled.contains(document.activeElement) && document.activeElement.dataset.job;
		this.nodes = new Map(graph.nodes.map((job) => [job.name, { job: { ...job }, pills: [] }]));
		this.window.hidden = !arranged || !graph.nodes.length;
		this.size = arranged?.size ?? { width: 0, height: 0 };
		this.scaled.replaceChildren(...(arranged ? this.drawn(arranged) : []));
		this.list(graph);
		set(this.note, note_of(graph, arranged));
		this.note.hidden = !this.note.textContent;
		if (is_new) this.begin();
		else this.scale_to(this.scale);
		if (focused) this.nodes.get(focused)?.link?.focus();
	}

	drawn({ size, frames, lines, places }) {
		const svg = make_svg("svg", { width: size.width, height: size.height, "aria-hidden": "true" });
		const arrow = make_svg("marker", {
			id: "dartwing-arrow",
			viewBox: "0 0 8 8",
			refX: 7,
			refY: 4,
			markerWidth: 8,
			markerHeight: 8,
			orient: "auto",
		});
		arrow.append(make_svg("path", { d: "M0 0L8 4L0 8z" }));
		svg.append(arrow);
		for (const line of lines) {
			const path = make_svg("path", { class: "line", d: line.path, "marker-end": "url(#dartwing-arrow)" });
			Object.assign(path.dataset, { from: line.from, to: line.to });
			svg.append(path);
		}
		const boxes = frames.map((frame) => place(make("div", { class: "frame" }), frame));
		return [svg, ...boxes, ...places.map(({ name, ...box }) => place(this.node(name), box))];
	}

	node(name) {
		const node = this.nodes.get(name);
		const pill = make("span", { class: "status" });
		node.pills.push(pill);
		node.bar = make("span", { class: "bar" });
		node.link = make(
			"a",
			{ class: "node", draggable: "false", href: frappe.utils.get_form_link("Background Job", name) },
			make("span", { class: "type" }, node.job.job_type),
			make("span", { class: "below" }, make("span", { class: "id" }, name), pill),
			node.bar,
		);
		node.link.dataset.job = name;
		return node.link;
	}

	// The text alternative: each job with those that it depends on.
	list({ nodes, edges }) {
		const parents = new Map(nodes.map(({ name }) => [name, []]));
		for (const [parent, child] of edges) parents.get(child)?.push(parent);
		const link = (name) => make("a", { href: frappe.utils.get_form_link("Background Job", name) }, name);
		const rows = nodes.map(({ name, job_type }) => {
			const pill = make("span", { class: "status" });
			this.nodes.get(name).pills.push(pill);
			const all = parents.get(name);
			const told = all.slice(0, PARENTS_TOLD).flatMap((parent) => [link(parent), " "]);
			const more = all.length - PARENTS_TOLD;
			if (more > 0) told.push(__("and {0} more", [more]));
			return make(
				"tr",
				{},
				make("td", {}, link(name)),
				make("td", {}, job_type),
				make("td", {}, pill),
				// on a phone, the table has no head
				make("td", { "data-label": all.length ? `${__("Depends on")}: ` : "" }, ...told),
			);
		});
		this.rows.replaceChildren(...rows);
	}

	// --- zoom and pan; the window scrolls by itself

	begin() {
		const fitting = this.fitting();
		this.scale_to(fitting >= SCALES.readable ? fitting : SCALES.first);
		this.window.scrollTo(0, 0);
	}

	fit() {
		this.scale_to(this.fitting());
	}

	fitting() {
		const style = getComputedStyle(this.window);
		const [wide, high] = [this.window.clientWidth, parseFloat(style.maxHeight)];
		// the height is that of the border, too
		const around = 4;
		return Math.min(
			1,
			(wide - around || Infinity) / this.size.width,
			(high - around || Infinity) / this.size.height,
		);
	}

	// What is in the middle, or at a point of the window, stays there.
	zoom(factor, at = { x: this.window.clientWidth / 2, y: this.window.clientHeight / 2 }) {
		const { scrollLeft, scrollTop } = this.window;
		const before = this.scale;
		this.scale_to(before * factor);
		const grown = this.scale / before;
		this.window.scrollLeft = (scrollLeft + at.x) * grown - at.x;
		this.window.scrollTop = (scrollTop + at.y) * grown - at.y;
	}

	scale_to(scale) {
		this.scale = Math.min(SCALES.most, Math.max(SCALES.least, scale));
		this.scaled.style.transform = `scale(${this.scale})`;
		this.sheet.style.width = `${this.size.width * this.scale}px`;
		this.sheet.style.height = `${this.size.height * this.scale}px`;
	}

	listen() {
		const wheel = (event) => {
			// without a key, it scrolls
			if (!event.ctrlKey && !event.metaKey) return;
			event.preventDefault();
			const box = this.window.getBoundingClientRect();
			const at = { x: event.clientX - box.left, y: event.clientY - box.top };
			this.zoom(event.deltaY < 0 ? SCALES.step : 1 / SCALES.step, at);
		};
		this.window.addEventListener("wheel", wheel, { passive: false });
		this.window.addEventListener("pointerdown", (event) => this.drag(event));
	}

	// With a mouse; fingers scroll the window as any other.
	drag(down) {
		if (down.pointerType !== "mouse" || down.button !== 0) return;
		const { scrollLeft, scrollTop } = this.window;
		let is_moved = false;
		const move = (event) => {
			const [x, y] = [event.clientX - down.clientX, event.clientY - down.clientY];
			is_moved ||= Math.hypot(x, y) > 4;
			if (is_moved) this.window.scrollTo(scrollLeft - x, scrollTop - y);
		};
		const up = () => {
			document.removeEventListener("pointermove", move);
			// what was dragged was not clicked
			if (is_moved) this.window.addEventListener("click", stop, { capture: true, once: true });
			setTimeout(() => this.window.removeEventListener("click", stop, { capture: true }));
		};
		const stop = (event) => {
			event.preventDefault();
			event.stopPropagation();
		};
		document.addEventListener("pointermove", move);
		document.addEventListener("pointerup", up, { once: true });
	}
};

// Where everything stands: `{size, frames, lines, places}`. Jobs with the same parents and children stand
// in a frame, and the lines of the frame are those of each of them.
function arrange({ nodes, edges }, { Graph: Layers, layout }) {
	const units = units_of(nodes, edges);
	const unit_of = new Map(units.flatMap((unit) => unit.names.map((name) => [name, unit])));
	const lines = new Map();
	for (const [parent, child] of edges) {
		const [from, to] = [unit_of.get(parent), unit_of.get(child)];
		lines.set(`${from.id} ${to.id}`, { from: from.id, to: to.id });
	}
	const drawn = lines.size <= MAX_LINES ? [...lines.values()] : [];
	// dagre puts what comes last on top
	const place_of = new Map(nodes.map(({ name }, index) => [name, index]));
	const compare = (a, b) => place_of.get(b) - place_of.get(a);
	drawn.sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
	const layers = new Layers();
	layers.setGraph({ rankdir: "LR", nodesep: 20, ranksep: 60, marginx: 12, marginy: 12 });
	layers.setDefaultEdgeLabel(() => ({}));
	for (const { id, width, height } of units) layers.setNode(id, { width, height });
	for (const { from, to } of drawn) layers.setEdge(from, to);
	layout(layers);
	const { width, height } = layers.graph();
	const placed = units
		.map((unit) => {
			const { x, y } = layers.node(unit.id);
			return { ...unit, x: x - unit.width / 2, y: y - unit.height / 2 };
		})
		.sort((a, b) => a.x - b.x || a.y - b.y);
	const placed_as = new Map(placed.map((unit) => [unit.id, unit]));
	const path = ({ from, to }) =>
		path_of(placed_as.get(from), placed_as.get(to), layers.edge(from, to).points);
	return {
		size: { width, height },
		left_out: lines.size - drawn.length,
		frames: placed.filter(({ columns }) => columns),
		lines: drawn.map((line) => ({ ...line, path: path(line) })),
		places: placed.flatMap(places_in),
	};
}

function units_of(nodes, edges) {
	const [parents, children] = [new Map(), new Map()];
	for (const { name } of nodes) [parents, children].forEach((family) => family.set(name, []));
	for (const [parent, child] of edges) {
		parents.get(child).push(parent);
		children.get(parent).push(child);
	}
	const alike = new Map();
	for (const { name } of nodes) {
		const family = JSON.stringify([parents.get(name).sort(), children.get(name).sort()]);
		alike.set(family, [...(alike.get(family) ?? []), name]);
	}
	return [...alike.values()].flatMap((names) =>
		names.length < FRAMED ? names.map((name) => ({ id: name, names: [name], ...NODE })) : [frame_of(names)],
	);
}

function frame_of(names) {
	const columns = Math.max(1, Math.round(Math.sqrt((names.length * 1.6 * NODE.height) / NODE.width)));
	const rows = Math.ceil(names.length / columns);
	return {
		id: names[0],
		names,
		columns,
		width: GAP + columns * (NODE.width + GAP),
		height: GAP + rows * (NODE.height + GAP),
	};
}

function places_in({ names, columns, x, y }) {
	if (!columns) return [{ name: names[0], x, y, ...NODE }];
	return names.map((name, index) => ({
		name,
		x: x + GAP + (index % columns) * (NODE.width + GAP),
		y: y + GAP + Math.floor(index / columns) * (NODE.height + GAP),
		...NODE,
	}));
}

// From the middle of a side to the middle of a side, level there and wherever it passes other jobs.
function path_of(from, to, points) {
	const start = { x: from.x + from.width, y: from.y + from.height / 2 };
	const end = { x: to.x, y: to.y + to.height / 2 };
	let before = start;
	const parts = [...points.slice(1, -1), end].map((point) => {
		const middle = (before.x + point.x) / 2;
		const part = `C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
		before = point;
		return part;
	});
	return `M${start.x} ${start.y}${parts.join("")}`;
}

function note_of({ more }, arranged) {
	return [
		!arranged && __("The graph could not be loaded."),
		arranged?.left_out > 0 && __("It has too many lines to be drawn; the list below has them."),
		more > 0 && __("{0} more jobs are not shown.", [more]),
	]
		.filter(Boolean)
		.join(" ");
}

function place(element, { x, y, width, height }) {
	Object.assign(element.style, {
		left: `${x}px`,
		top: `${y}px`,
		width: `${width}px`,
		height: `${height}px`,
	});
	return element;
}

function make(name, properties = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(properties)) {
		if (key === "onclick") element.addEventListener("click", value);
		else element.setAttribute(key, value);
	}
	element.append(...children);
	return element;
}

function make_svg(name, properties) {
	const element = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(properties)) element.setAttribute(key, value);
	return element;
}

function set(element, text) {
	if (element.textContent !== text) element.textContent = text;
}

const GRAPH_STYLE = `
.dartwing-graph { position: relative; padding-bottom: 12px; }
.dartwing-graph .tools { display: flex; gap: 6px; justify-content: flex-end; margin-bottom: 8px; }
.dartwing-graph .tools .btn { min-width: 30px; }
.dartwing-graph .window { max-height: 480px; overflow: auto; border: 1px solid var(--border-color);
	border-radius: var(--border-radius); background: var(--bg-color, var(--control-bg)); cursor: grab; }
.dartwing-graph .window:active { cursor: grabbing; }
.dartwing-graph .window:focus-visible { outline: 2px solid var(--primary-color, var(--primary)); outline-offset: 1px; }
.dartwing-graph .sheet { overflow: hidden; margin: auto; }
.dartwing-graph .scaled { position: relative; transform-origin: 0 0; }
.dartwing-graph svg { display: block; overflow: visible; }
.dartwing-graph .line { fill: none; stroke: var(--gray-500, #7c7c7c); stroke-width: 1.5; }
.dartwing-graph marker path { fill: var(--gray-500, #7c7c7c); }
.dartwing-graph .frame { position: absolute; border: 1px dashed var(--gray-500, #7c7c7c); border-radius: 10px; }
.dartwing-graph .node { position: absolute; display: flex; flex-direction: column; justify-content: center; gap: 3px;
	padding: 0 10px; border: 1px solid color-mix(in srgb, var(--text-muted) 40%, transparent); border-left: 4px solid var(--dot, var(--gray-500));
	border-radius: 8px; background: var(--card-bg, var(--fg-color)); color: var(--text-color); overflow: hidden;
	text-decoration: none; box-shadow: var(--shadow-sm, none); }
.dartwing-graph .node:hover { border-color: var(--gray-500); border-left-color: var(--dot); }
.dartwing-graph .node:focus-visible { outline: 3px solid var(--primary-color, var(--primary)); outline-offset: 1px; }
.dartwing-graph .type { font-weight: 600; font-size: 13px; line-height: 1.3; overflow: hidden; text-overflow: ellipsis;
	white-space: nowrap; }
.dartwing-graph .below { display: flex; align-items: center; justify-content: space-between; gap: 6px; }
.dartwing-graph .id { color: var(--text-muted); font-size: 11.5px; overflow: hidden; text-overflow: ellipsis;
	white-space: nowrap; }
.dartwing-graph .status { flex: none; display: inline-flex; align-items: center; gap: 5px; color: var(--text-color);
	white-space: nowrap; }
.dartwing-graph .status::before { content: ""; width: 8px; height: 8px; border-radius: 50%; background: var(--dot); }
.dartwing-graph .node .status { font-size: 11.5px; }
.dartwing-graph .bar { position: absolute; left: 0; bottom: 0; height: 3px; background: var(--purple-500, #8642c2);
	transition: width 0.4s ease; }
.dartwing-graph .note { margin: 8px 0 0; color: var(--text-muted); }
.dartwing-graph details { margin-top: 10px; }
.dartwing-graph summary { color: var(--text-muted); cursor: pointer; }
.dartwing-graph details .dartwing-attempts { margin-top: 6px; }
.dartwing-graph details td:last-child { white-space: normal; }
.dartwing-graph td a { white-space: nowrap; }
@media (max-width: 767px) { .dartwing-graph td::before { content: attr(data-label); color: var(--text-muted); } }
.dartwing-graph td:nth-child(2) { min-width: 120px; }
`;

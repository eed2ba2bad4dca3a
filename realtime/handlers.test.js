// node --test realtime/

const assert = require("node:assert");
const { test } = require("node:test");

const dartwing_handlers = require("./handlers");

class Socket {
	constructor(answer) {
		this.handlers = {};
		this.rooms = new Set();
		this.asked = [];
		this.answer = answer;
		dartwing_handlers(this);
	}

	on(event, handler) {
		this.handlers[event] = handler;
	}

	join(room) {
		this.rooms.add(room);
	}

	leave(room) {
		this.rooms.delete(room);
	}

	frappe_request(path, args, options) {
		this.asked.push([path, args.doctype, args.name]);
		return this.answer(options);
	}

	// as that of Frappe v16 for who may not
	has_permission() {
		return new Promise(() => {});
	}
}

const allow = async () => Response.json({ message: true });
const refuse = async () => Response.json({ exc_type: "PermissionError" }, { status: 403 });
const REFUSALS = {
	"the server refuses": refuse,
	"the server says no": async () => Response.json({ message: false }),
	"the server answers something else": async () => new Response("<html>", { status: 200 }),
	"the server says nothing": async () => Response.json({}),
	"the server fails": async () => new Response("{}", { status: 500 }),
	"there is no server": () => Promise.reject(new TypeError("fetch failed")),
	"the request cannot be made": () => {
		throw new TypeError("Invalid URL");
	},
};

test("a member joins the organization's room", async () => {
	const socket = new Socket(allow);
	await socket.handlers.org_subscribe("Alpha");
	assert.deepStrictEqual([...socket.rooms], ["org:Alpha"]);
	const path = "/api/method/frappe.realtime.has_permission";
	assert.deepStrictEqual(socket.asked, [[path, "Organization", "Alpha"]]);
});

for (const [why, answer] of Object.entries(REFUSALS)) {
	test(`nobody joins, and who asks is told, when ${why}`, async () => {
		const answers = [];
		const socket = new Socket(answer);
		await socket.handlers.org_subscribe("Alpha", (told) => answers.push(told));
		assert.strictEqual(socket.rooms.size, 0);
		assert.deepStrictEqual(answers, [{ subscribed: false }]);
	});
}

test("the server is not waited for without end", async (context) => {
	const over = new AbortController();
	context.mock.method(AbortSignal, "timeout", () => over.signal);
	const socket = new Socket(
		({ signal }) =>
			new Promise((_, refuse) => signal.addEventListener("abort", () => refuse(signal.reason)))
	);
	const answers = [];
	const subscription = socket.handlers.org_subscribe("Alpha", (told) => answers.push(told));
	over.abort();
	await subscription;
	assert.strictEqual(socket.rooms.size, 0);
	assert.deepStrictEqual(answers, [{ subscribed: false }]);
});

test("nobody has joined before the server has answered", async () => {
	let answer;
	const socket = new Socket(() => new Promise((resolve) => (answer = resolve)));
	const subscription = socket.handlers.org_subscribe("Alpha");
	assert.strictEqual(socket.rooms.size, 0);
	answer(await allow());
	await subscription;
	assert.strictEqual(socket.rooms.size, 1);
});

test("who unsubscribes while the server is asked does not join", async () => {
	let answer;
	const socket = new Socket(() => new Promise((resolve) => (answer = resolve)));
	const subscription = socket.handlers.org_subscribe("Alpha");
	socket.handlers.org_unsubscribe("Alpha");
	answer(await allow());
	await subscription;
	assert.strictEqual(socket.rooms.size, 0);
});

test("unsubscribing leaves the room", async () => {
	const socket = new Socket(allow);
	await socket.handlers.org_subscribe("Alpha");
	socket.handlers.org_unsubscribe("Alpha");
	assert.strictEqual(socket.rooms.size, 0);
});

test("what is no name is not asked about", async () => {
	const socket = new Socket(allow);
	for (const value of [undefined, null, "", 7, {}, ["Alpha"]]) await socket.handlers.org_subscribe(value);
	assert.deepStrictEqual([socket.asked, socket.rooms.size], [[], 0]);
});

test("a client that asks is told whether it is subscribed", async () => {
	const answers = [];
	await new Socket(allow).handlers.org_subscribe("Alpha", (answer) => answers.push(answer.subscribed));
	await new Socket(refuse).handlers.org_subscribe("Alpha", (answer) => answers.push(answer.subscribed));
	assert.deepStrictEqual(answers, [true, false]);
});

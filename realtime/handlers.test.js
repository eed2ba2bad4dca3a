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

	has_permission(doctype, name) {
		this.asked.push([doctype, name]);
		return this.answer();
	}
}

const allow = () => Promise.resolve();
const refuse = () => Promise.reject(new Error("Forbidden"));

test("a member joins the organization's room", async () => {
	const socket = new Socket(allow);
	await socket.handlers.org_subscribe("Alpha");
	assert.deepStrictEqual([...socket.rooms], ["org:Alpha"]);
	assert.deepStrictEqual(socket.asked, [["Organization", "Alpha"]]);
});

test("an outsider joins nothing", async () => {
	const socket = new Socket(refuse);
	await socket.handlers.org_subscribe("Alpha");
	assert.strictEqual(socket.rooms.size, 0);
});

test("nobody has joined before the server has answered", async () => {
	let answer;
	const socket = new Socket(() => new Promise((resolve) => (answer = resolve)));
	const subscription = socket.handlers.org_subscribe("Alpha");
	assert.strictEqual(socket.rooms.size, 0);
	answer();
	await subscription;
	assert.strictEqual(socket.rooms.size, 1);
});

test("who unsubscribes while the server is asked does not join", async () => {
	let answer;
	const socket = new Socket(() => new Promise((resolve) => (answer = resolve)));
	const subscription = socket.handlers.org_subscribe("Alpha");
	socket.handlers.org_unsubscribe("Alpha");
	answer();
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

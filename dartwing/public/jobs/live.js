// The live connection: rooms of the user's organizations over Socket.IO, by the rules of
// docs/how-to/follow-a-job.md. `on_state` is told "live" or "polling", `on_read` when to read anew.

import { boot } from "./boot.js";
import { io } from "./vendor/socket.io.esm.min.js";

// each room is asked for separately; who sees more organizations is kept up to date by reading
const MAX_ROOMS = 50;
const POLL_MS = 5_000;
// a room may be joined a moment after the state was read
const SETTLE_MS = 2_500;
// what events missed, if one ever does
const SILENCE_MS = 20_000;

export class Live {
	constructor({ on_event, on_read, on_state }) {
		Object.assign(this, { on_event, on_read, on_state });
		this.is_live = false;
		this.has_all_rooms = boot.organizations.length <= MAX_ROOMS;
		this.last_read = 0;
	}

	start() {
		this.socket = io(`${this.address()}/${boot.site}`, {
			withCredentials: true,
			reconnectionDelayMax: 10_000,
		});
		this.socket.on("connect", () => this.connected());
		this.socket.on("disconnect", () => this.disconnected());
		this.socket.on("connect_error", () => this.refused());
		for (const name of ["job_progress", "job_status_changed", "job_log", "job_group_progress"]) {
			this.socket.on(name, (event) => this.on_event(name, event));
		}
		this.on_state("connecting");
		this.timer = setInterval(() => this.tick(), 1_000);
		document.addEventListener("visibilitychange", () => this.tick());
	}

	stop() {
		clearInterval(this.timer);
		this.timer = null;
		this.socket?.disconnect();
	}

	address() {
		if (!boot.socketio_port) return location.origin;
		return `${location.protocol}//${location.hostname}:${boot.socketio_port}`;
	}

	connected() {
		for (const { name } of boot.organizations.slice(0, MAX_ROOMS)) {
			this.socket.emit("doc_subscribe", "Organization", name);
			this.socket.emit("org_subscribe", name);
		}
		this.is_live = true;
		this.on_state("live");
		this.read();
		setTimeout(() => this.timer && this.read(), SETTLE_MS);
	}

	disconnected() {
		this.is_live = false;
		if (this.timer) this.on_state("polling");
	}

	// the server's refusal is final to socket.io, but its web server may only have been restarting
	refused() {
		this.disconnected();
		if (!this.socket.active) setTimeout(() => this.timer && this.socket.connect(), POLL_MS);
	}

	tick() {
		if (document.hidden || !this.timer) return;
		const wait = this.is_live && this.has_all_rooms ? SILENCE_MS : POLL_MS;
		if (Date.now() - this.last_read >= wait) this.read();
	}

	read() {
		this.last_read = Date.now();
		this.on_read();
	}
}

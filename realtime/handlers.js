// Socket.IO handlers of this app, which Frappe v16 loads for every socket that has logged in.
//
// `org_subscribe(organization)` joins the room `org:{organization}`, to which the job engine publishes
// `job_progress`, `job_status_changed`, `job_group_progress` and `job_log`; `org_unsubscribe(organization)`
// leaves it.
// Both answer an acknowledgement, if the client asked for one, with `{subscribed: true | false}`, whatever
// happens.

// Frappe's web server ends a request before this
const PATIENCE_MS = 130_000;

function room_of(organization) {
	return `org:${organization}`;
}

function is_name(organization) {
	return typeof organization === "string" && organization.length > 0;
}

function acknowledge(acknowledgement, subscribed) {
	if (typeof acknowledgement === "function") acknowledgement({ subscribed });
}

// Whether the server says that the socket's user may read the organization. `socket.has_permission` of
// Frappe v16 answers only those who may: to everyone else its promise is never settled.
async function may_read(socket, organization) {
	try {
		const answer = await socket.frappe_request(
			"/api/method/frappe.realtime.has_permission",
			{ doctype: "Organization", name: organization },
			{ signal: AbortSignal.timeout(PATIENCE_MS) }
		);
		return answer.ok && (await answer.json()).message === true;
	} catch {
		return false;
	}
}

module.exports = function dartwing_handlers(socket) {
	// organizations that the client still wants when the server's answer arrives
	const wanted = new Set();

	socket.on("org_subscribe", async (organization, acknowledgement) => {
		if (!is_name(organization)) return acknowledge(acknowledgement, false);
		wanted.add(organization);
		const may = await may_read(socket, organization);
		if (!may) wanted.delete(organization);
		const subscribed = may && wanted.has(organization);
		if (subscribed) socket.join(room_of(organization));
		acknowledge(acknowledgement, subscribed);
	});

	socket.on("org_unsubscribe", (organization, acknowledgement) => {
		wanted.delete(organization);
		if (is_name(organization)) socket.leave(room_of(organization));
		acknowledge(acknowledgement, false);
	});
};

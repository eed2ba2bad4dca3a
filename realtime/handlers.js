// Socket.IO handlers of this app, which Frappe v16 loads for every socket that has logged in.
//
// `org_subscribe(organization)` joins the room `org:{organization}`, to which the job engine publishes
// `job_progress` and `job_status_changed`; `org_unsubscribe(organization)` leaves it. Both answer an
// acknowledgement, if the client asked for one, with `{subscribed: true | false}`.

function room_of(organization) {
	return `org:${organization}`;
}

function is_name(organization) {
	return typeof organization === "string" && organization.length > 0;
}

function acknowledge(acknowledgement, subscribed) {
	if (typeof acknowledgement === "function") acknowledgement({ subscribed });
}

module.exports = function dartwing_handlers(socket) {
	// organizations that the client still wants when the server's answer arrives
	const wanted = new Set();

	socket.on("org_subscribe", async (organization, acknowledgement) => {
		if (!is_name(organization)) return acknowledge(acknowledgement, false);
		wanted.add(organization);
		try {
			// resolves for those who may read it and rejects for everyone else
			await socket.has_permission("Organization", organization);
		} catch {
			wanted.delete(organization);
			return acknowledge(acknowledgement, false);
		}
		const subscribed = wanted.has(organization);
		if (subscribed) socket.join(room_of(organization));
		acknowledge(acknowledgement, subscribed);
	});

	socket.on("org_unsubscribe", (organization, acknowledgement) => {
		wanted.delete(organization);
		if (is_name(organization)) socket.leave(room_of(organization));
		acknowledge(acknowledgement, false);
	});
};

// Instants and what the clocks of a time zone show at them.

// "2026-03-01T09:00:00", as the clocks of the zone show it
export function wall_clock(instant, zone) {
	const format = new Intl.DateTimeFormat("en-US", {
		timeZone: zone,
		hourCycle: "h23",
		...{ year: "numeric", month: "2-digit", day: "2-digit" },
		...{ hour: "2-digit", minute: "2-digit", second: "2-digit" },
	});
	const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, value]));
	const { year, month, day, hour, minute, second } = parts;
	return `${year.padStart(4, "0")}-${month}-${day}T${hour}:${minute}:${second}`;
}

// The instant as ISO 8601 with its offset, the first one where the clocks show it twice; null where they never do.
export function instant_at(wall, zone) {
	const text = /T\d\d:\d\d$/.test(wall) ? `${wall}:00` : wall.replace(/\.\d+$/, "");
	const shown = Date.parse(`${text}Z`);
	const day = 86_400_000;
	for (const near of [shown - day, shown + day]) {
		const offset = Date.parse(`${wall_clock(near, zone)}Z`) - near;
		if (wall_clock(shown - offset, zone) === text) return text + offset_text(offset);
	}
	return null;
}

function offset_text(offset) {
	const minutes = Math.abs(offset) / 60_000;
	const two = (number) => String(number).padStart(2, "0");
	return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

// Texts, times and numbers in the user's language.

import { boot, now } from "./boot.js";

const language = document.documentElement.lang || "en";

// The text in the user's language, with {0}, {1}, … replaced.
export function __(text, values = []) {
	const translated = boot.texts[text] || text;
	return translated.replace(/\{(\d)\}/g, (_match, index) => String(values[index] ?? ""));
}

const number_format = new Intl.NumberFormat(language);
// of which no digit is left out
const exact_format = new Intl.NumberFormat(language, { maximumFractionDigits: 20 });
const relative_format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const moment_format = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const clock_format = new Intl.DateTimeFormat(language, { timeStyle: "medium" });

const UNITS = [
	["day", 86_400],
	["hour", 3_600],
	["minute", 60],
];

export const number = (value) => number_format.format(value);
export const exact_number = (value) => exact_format.format(value);
export const moment = (time) => moment_format.format(new Date(time));
export const clock = (time) => clock_format.format(new Date(time));

// "3 minutes ago", "in 2 hours"
export function relative(time) {
	const seconds = (Date.parse(time) - now()) / 1000;
	const [unit, length] = UNITS.find(([, one]) => Math.abs(seconds) >= one) ?? ["second", 1];
	if (unit === "second" && seconds <= 0) return __("just now");
	return relative_format.format(Math.round(seconds / length), unit);
}

// "45 s", "3 min 5 s", "2 h 10 min", "2 h"
export function duration(seconds) {
	if (seconds < 0.1) return __("under 0.1 s");
	if (seconds < 10) return __("{0} s", [number(Math.round(seconds * 10) / 10)]);
	const whole = Math.round(seconds);
	if (whole < 60) return __("{0} s", [whole]);
	const [minutes, hours] = [Math.floor((whole % 3600) / 60), number(Math.floor(whole / 3600))];
	if (whole < 3600) return whole % 60 ? __("{0} min {1} s", [minutes, whole % 60]) : __("{0} min", [minutes]);
	return minutes ? __("{0} h {1} min", [hours, minutes]) : __("{0} h", [hours]);
}

// "a few seconds", "40 s", "3 min", "2 h": as exactly as anybody knows what is to come
export function roughly(seconds) {
	if (seconds < 10) return __("a few seconds");
	if (seconds < 55) return __("{0} s", [Math.round(seconds / 5) * 5]);
	if (seconds < 90 * 60) return __("{0} min", [number(Math.max(1, Math.round(seconds / 60)))]);
	return __("{0} h", [number(Math.round(seconds / 3600))]);
}

// "in a few seconds", "in 3 min"
export const soon = (time) => __("in {0}", [roughly(-seconds_since(time))]);

export const seconds_between = (from, to) => (Date.parse(to) - Date.parse(from)) / 1000;
export const seconds_since = (from) => (now() - Date.parse(from)) / 1000;

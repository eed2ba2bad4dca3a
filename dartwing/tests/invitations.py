"""A typed handler of the demo: its form is drawn from its parameters, and it logs what it does."""

import logging
import time
from datetime import date
from typing import Literal

import frappe
from pydantic import BaseModel, Field

from dartwing.dartwing_core.background_jobs import JobContext

log = logging.getLogger(__name__)


class Guest(BaseModel):
	name: str = Field(min_length=1, title="Name")
	e_mail: str = Field(pattern="@", title="E-mail")


class Invitation(BaseModel):
	event: str = Field(min_length=1, max_length=80, title="Event")
	day: date = Field(title="Day")
	paper: Literal["A4", "A5"] = Field("A4", title="Paper")
	copies: int = Field(1, ge=1, le=9, title="Copies")
	guests: list[Guest] = Field(min_length=1, title="Guests")
	seconds: float = Field(
		1, ge=0, le=60, title="Seconds for each letter", description="So that there is something to watch."
	)


def invite_guests(context: JobContext[Invitation]) -> dict:
	"""Write a letter to each guest, all of them into one file."""
	wanted = context.parameters
	context.log(f"{wanted.event} on {wanted.day}: {len(wanted.guests)} guests")
	letters = []
	for done, guest in enumerate(wanted.guests, start=1):
		time.sleep(wanted.seconds)
		letters.append(f"Dear {guest.name},\nyou are invited: {wanted.event}, {wanted.day}.\n")
		log.info("a letter to %s, on %s", guest.name, wanted.paper)
		context.update_progress(100 * done / len(wanted.guests), f"{done} of {len(wanted.guests)} letters")
	content = "\n".join(letter for letter in letters for _copy in range(wanted.copies))
	name = f"invitations-{frappe.generate_hash(length=8)}.txt"
	file = frappe.get_doc(doctype="File", file_name=name, is_private=1, content=content).insert()
	return {"result": {"letters": len(letters)}, "output_reference": file.file_url}

"""The addresses below /api/v2, of which benchless answers none: apps may look what one of them means."""

from frappe._api.unsupported import refused
from werkzeug.routing import Rule

NAME = "/api/v2"


def endpoint(name: str):
	function = refused(NAME)
	function.__name__ = name
	return function


def url_rules() -> list[Rule]:
	"""Fresh rules on each call: a rule belongs to one map."""
	document = "/document/<doctype>/<path:name>/"
	return [
		*(
			Rule(f"/method/{name}", endpoint=endpoint(name))
			for name in ("login", "logout", "ping", "upload_file")
		),
		Rule("/method/<method>", endpoint=endpoint("handle_rpc_call")),
		Rule("/method/run_doc_method", methods=["GET", "POST"], endpoint=endpoint("run_doc_method")),
		Rule("/method/<doctype>/<method>", endpoint=endpoint("handle_rpc_call")),
		Rule("/document/<doctype>", methods=["GET"], endpoint=endpoint("document_list")),
		Rule("/document/<doctype>", methods=["POST"], endpoint=endpoint("create_doc")),
		Rule(document, methods=["GET"], endpoint=endpoint("read_doc")),
		Rule(document, methods=["PATCH", "PUT"], endpoint=endpoint("update_doc")),
		Rule(document, methods=["DELETE"], endpoint=endpoint("delete_doc")),
		Rule(f"{document}method/<method>/", methods=["GET", "POST"], endpoint=endpoint("execute_doc_method")),
		Rule("/doctype/<doctype>/meta", methods=["GET"], endpoint=endpoint("get_meta")),
		Rule("/doctype/<doctype>/count", methods=["GET"], endpoint=endpoint("count")),
	]

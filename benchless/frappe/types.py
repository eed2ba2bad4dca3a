"""`DF`: names of field types for annotations in controllers; they mean nothing at run time."""

from typing import Any


class FieldTypes:
	"""Any attribute, subscripted or not, stands for Any."""

	def __getattr__(self, name: str) -> Any:
		if name.startswith("_"):
			raise AttributeError(name)
		return AnyValue


class AnyValue:
	def __class_getitem__(cls, item):
		return cls


DF = FieldTypes()

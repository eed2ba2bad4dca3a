"""Scripts and styles of the page /jobs, under addresses that change with what is in them."""

from pathlib import Path

ASSETS = "/assets/dartwing/jobs"
SOURCES = Path(__file__).resolve().parents[2] / "public" / "jobs"


def asset_names() -> list[str]:
	files = (path for path in SOURCES.rglob("*") if path.suffix in (".js", ".css", ".svg"))
	return sorted(path.relative_to(SOURCES).as_posix() for path in files)


def versioned(name: str) -> str:
	return f"{ASSETS}/{name}?v={(SOURCES / name).stat().st_mtime_ns:x}"


def imports() -> dict[str, str]:
	"""Of an import map: modules import each other by their plain names, and get the same versions."""
	return {f"{ASSETS}/{name}": versioned(name) for name in asset_names()}

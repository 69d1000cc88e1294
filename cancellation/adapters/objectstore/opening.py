"""Opens the object store of the recordings by its URL."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

_VARIABLE: Final = "CANCELAMENTO_RECORDINGS_URL"


def open_store(url: str, options: Mapping[str, Any] | None = None) -> ObjectStore:
    """Open `file:///folder`, `memory:///`, `s3://bucket/prefix`, `gs://...`, `az://...`.

    Args:
        url: where the recordings lie; a folder is made if it is missing.
        options: the cloud store's own settings, such as `endpoint`, `region`, `access_key_id`, and the groups
            `client_options` (such as `allow_http`) and `retry_config`, as its library documents them. What is
            not given comes from the environment (`AWS_...`).

    Raises:
        ValueError: an unknown kind of URL or option, or a relative folder.
    """
    parts = urlsplit(url)
    match parts.scheme:
        case "file":
            folder = Path(unquote(parts.path))
            if parts.netloc not in ("", "localhost") or not folder.is_absolute():
                raise ValueError(f"{_VARIABLE}: use file:///pasta/absoluta")
            # Nobody else gets as far as to the files, unless who made the folder has said so; and what our commands
            # write there is closed by itself (`kept_to_ourselves`), for a folder is easily opened later.
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return LocalStore(folder, mkdir=True, automatic_cleanup=True)
        case "memory":
            return MemoryStore()
        case _:
            return _open_cloud(url, dict(options or {}))


def _open_cloud(url: str, options: dict[str, Any]) -> ObjectStore:
    try:
        return from_url(url, **options)
    except Exception as error:
        raise ValueError(
            f"{_VARIABLE}: o armazenamento não pode ser aberto ({type(error).__name__})"
        ) from error
    except BaseException as error:
        # The library panics, beside every Exception, on an option that it does not know.
        if type(error).__name__ != "PanicException":
            raise
        raise ValueError("CANCELAMENTO_RECORDINGS_OPTIONS: opção desconhecida do armazenamento") from None

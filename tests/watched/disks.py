"""Disks that are soon full."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path | None]:
    """A disk of so many bytes in a new folder, through which everybody may pass.

    None: whoever runs this may not mount one.
    """
    folder.mkdir(parents=True)
    options = f"size={size},mode=0711"
    if subprocess.run(("mount", "-t", "tmpfs", "-o", options, "disk", folder), check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(("umount", "--lazy", folder), check=True)

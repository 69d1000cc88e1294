"""Call recordings of the sample customers, made when they are needed: the same bytes every time."""

import hashlib
import io
import json
import math
import struct
import wave
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

_FILE = Path(__file__).with_suffix(".json")
_RATE = 8000


@dataclass(frozen=True)
class Recording:
    """One recorded call: a few seconds of telephone-like tones."""

    customer_id: str
    day: date
    name: str
    seconds: int

    @property
    def path(self) -> str:
        """Where it lies in the object store of recordings."""
        return f"recordings/{self.customer_id}/{self.day.isoformat()}/{self.name}.wav"

    def wav(self) -> bytes:
        """The file: mono, 8 kHz, 8 bits, as a PABX writes it."""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(_RATE)
            file.writeframes(_tones(self.name, self.seconds))
        return buffer.getvalue()


def sample_recordings(customer_id: str, today: date) -> tuple[Recording, ...]:
    """The recordings of a sample customer as of `today`, oldest first; none for one who does not record."""
    entries = json.loads(_FILE.read_text(encoding="utf-8")).get(customer_id, [])
    return tuple(
        Recording(
            customer_id=customer_id,
            day=today - timedelta(days=entry["days_before"]),
            name=entry["name"],
            seconds=entry["seconds"],
        )
        for entry in entries
    )


def _tones(name: str, seconds: int) -> bytes:
    """A tone for every fifth of a second, chosen by the name alone."""
    notes = hashlib.sha256(name.encode()).digest()
    step = _RATE // 5
    samples = bytearray()
    for place in range(seconds * 5):
        pitch = 300 + 10 * notes[place % len(notes)]
        samples += struct.pack(
            f"{step}B",
            *(128 + round(60 * math.sin(2 * math.pi * pitch * t / _RATE)) for t in range(step)),
        )
    return bytes(samples)

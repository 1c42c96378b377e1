"""The files that visitors have sent, until the library has taken them: in a private folder of the process.

Gradio accepts in an event any path, and any address, in place of a file that it has received. So each event
is read here before Gradio reads it: a file in it is in the private folder, or the event is refused.
"""

import functools
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynamicrag.errors import InputError
from dynamicrag.serve.web.settings import WebSettings

__all__ = ["Arrivals", "private_folder"]

KEPT_SECONDS = 3_600.0
"""Time after which a file that no event took is removed."""
OVERHEAD = 1_000_000
"""Bytes of a multipart body beside its files, at most."""
FIELDS = ("data", "event_data", "fn_index", "trigger_id", "session_hash", "event_id")
"""Fields of an event that the page sends; others are dropped."""
REFUSED = "Only files that you have just uploaded on this page are accepted; upload the file again."


@functools.cache
def _temporary() -> tempfile.TemporaryDirectory[str]:
    # only this user may enter; it is deleted when the process ends
    return tempfile.TemporaryDirectory(prefix="dynamicrag-web-", ignore_cleanup_errors=True)


def private_folder() -> Path:
    """Return the folder that holds uploads, and let Gradio use it. It is deleted when the process ends."""
    folder = Path(os.path.realpath(_temporary().name))
    os.environ["GRADIO_TEMP_DIR"] = str(folder)  # Gradio reads it at each use
    return folder


class Arrivals:
    """Bounds what visitors send, and tells their files from all others. Methods block briefly.

    Attributes:
        allowed: Whether files are accepted at all.
    """

    def __init__(self, folder: Path, settings: WebSettings, *, allowed: bool) -> None:
        self.allowed = allowed
        self._folder = folder
        self._settings = settings

    def room(self) -> int:
        """Return the largest body of an upload by now, after files that nobody took are removed."""
        held, old = 0, time.time() - KEPT_SECONDS
        for path in list(self._folder.rglob("*")):
            try:
                stat = path.lstat()
                if path.is_dir():
                    continue
                if stat.st_mtime < old:
                    self.remove(path)
                else:
                    held += stat.st_size
            except FileNotFoundError:
                continue
        return max(0, self._settings.upload_total + OVERHEAD - held)

    def owned(self, given: object) -> Path:
        """Return the path of a file that was uploaded.

        Raises:
            InputError: The file is another one, or there is none.
        """
        if not self.allowed or not isinstance(given, str) or "\0" in given:
            raise InputError(REFUSED)
        path = Path(os.path.realpath(given))
        if not path.is_relative_to(self._folder) or not path.is_file():
            raise InputError(REFUSED)
        return path

    def remove(self, path: Path) -> None:
        """Remove an uploaded file, and its folder if it is empty then."""
        path.unlink(missing_ok=True)
        if path.parent != self._folder and not any(path.parent.iterdir()):
            shutil.rmtree(path.parent, ignore_errors=True)

    def event(self, body: bytes) -> bytes:
        """Return the body of an event with its known fields alone, and with uploaded files alone.

        Raises:
            InputError: It is no event of the page, or it names a file that was not uploaded.
        """
        try:
            given = json.loads(body)
            if not isinstance(given, dict):
                raise InputError("An event is a JSON object.")
            event = {name: given[name] for name in FIELDS if name in given}
            files: list[Path] = []
            event["data"] = [self._checked(each, files) for each in given.get("data") or ()]
            if len(files) > self._settings.upload_files:
                raise InputError(f"At most {self._settings.upload_files} files are accepted at a time.")
            return json.dumps(event).encode()
        except (ValueError, TypeError, RecursionError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError("This is no event of the page.") from None

    def _checked(self, value: Any, files: list[Path]) -> Any:
        """Return a value, and add its files; the only mappings in an event's data are files."""
        if isinstance(value, list):
            return [self._checked(each, files) for each in value]
        if not isinstance(value, Mapping):
            return value
        # an address in it is dropped: Gradio would fetch it
        path, name = self.owned(value.get("path")), value.get("orig_name")
        files.append(path)
        return {
            "path": str(path),
            "orig_name": name if isinstance(name, str) else path.name,
            "size": path.stat().st_size,
            "meta": {"_type": "gradio.FileData"},
        }

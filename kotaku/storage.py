"""Where files lie: static ones once they are collected, and those that people send."""

import os
from pathlib import PurePath
from secrets import token_hex

from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):
    """The imports between modules name hashed files as well, else a browser would keep an old one after an update."""

    support_js_module_import_aggregation = True


class WholeFilesStorage(FileSystemStorage):
    """A file gets its name once all of it is written, so that neither a kill nor a full disk leaves part of one there."""

    def _save(self, name, content):
        part = str(PurePath(name).with_name(f"{token_hex(16)}.part"))
        try:
            super()._save(part, content)
            while True:
                try:
                    os.close(os.open(self.path(name), os.O_CREAT | os.O_EXCL))
                except FileExistsError:
                    name = self.get_available_name(name)
                else:
                    os.replace(self.path(part), self.path(name))
                    return name
        finally:
            self.delete(part)

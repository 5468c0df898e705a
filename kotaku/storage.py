"""Where static files lie once they are collected."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModulesStorage(CompressedManifestStaticFilesStorage):
    """The imports between modules name hashed files as well, else a browser would keep an old one after an update."""

    support_js_module_import_aggregation = True

"""The records of the handover; the rooms are by noun."""

from assets.models.assets import Asset, AssetPhoto, FunctionCheck
from assets.models.documents import Document, DocumentVersion
from assets.models.packages import Move, Package
from assets.models.signatories import Signatory

__all__ = ["Asset", "AssetPhoto", "Document", "DocumentVersion", "FunctionCheck", "Move", "Package", "Signatory"]

"""Workbooks made part by part, for what no library would write: bombs, lies and old mark-up."""

import io
import struct
import zipfile
from collections.abc import Iterator
from itertools import chain

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
_ODS_HEAD = "<office:document-content " + " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text", "style")
)
_CALCEXT = ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def blanks(size: int) -> Iterator[str]:
    """So many, without ever being there at once."""
    return (" " * 65_532 + "<a/>" for _ in range(size // 65_536))


def packed(members, *, compression=zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of {name: content} or [(name, content)]; a content may come in pieces."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else compression
            with archive.open(info, "w") as part:
                for piece in [content] if isinstance(content, (str, bytes)) else content:
                    part.write(piece if isinstance(piece, bytes) else piece.encode())
    return stream.getvalue()


def xlsx_parts(sheet="", *, head="", tail="", strings=None, styles=None, workbook=None, names=("A",)) -> dict:
    """The parts of a workbook; `sheet`: what stands inside of sheetData; `head` goes before the root of its part."""
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(names, 1))
    targets = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        for n in range(1, len(names) + 1)
    )
    if strings is not None:
        targets += f'<Relationship Id="rs" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    if styles is not None:
        targets += f'<Relationship Id="rt" Type="{_OFFICE}/styles" Target="styles.xml"/>'
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="r" Type="{_OFFICE}/officeDocument"'
        ' Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": workbook
        or f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{targets}</Relationships>',
        "xl/worksheets/sheet1.xml": chain(
            [f'{head}<worksheet xmlns="{MAIN}"><sheetData>'],
            [sheet] if isinstance(sheet, str) else sheet,
            [f"</sheetData>{tail}</worksheet>"],
        ),
    }
    if strings is not None:
        parts["xl/sharedStrings.xml"] = f'{head}<sst xmlns="{MAIN}">{strings}</sst>'
    if styles is not None:
        parts["xl/styles.xml"] = f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    return parts


def xlsx(sheet="", **parts) -> bytes:
    return packed(xlsx_parts(sheet, **parts))


def ods(table="", *, head="", styles="", names=("A",)) -> bytes:
    """`table`: the rows of each table."""
    tables = "".join(f'<table:table table:name="{name}">{table}</table:table>' for name in names)
    content = (
        f"{head}{_ODS_HEAD}{_CALCEXT}><office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    return packed({"mimetype": ODS, "content.xml": content, "META-INF/manifest.xml": "<manifest:manifest/>"})


def with_false_size(content: bytes, name: str, size: int) -> bytes:
    """The archive, its directory and its local head saying that `name` unpacks to `size` bytes."""
    changed = bytearray(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo(name)
        place = archive.start_dir
    struct.pack_into("<I", changed, info.header_offset + 22, size)
    while changed[place : place + 4] == b"PK\1\2":
        name_size, extra, comment = struct.unpack_from("<HHH", changed, place + 28)
        if changed[place + 46 : place + 46 + name_size] == name.encode():
            struct.pack_into("<I", changed, place + 24, size)
        place += 46 + name_size + extra + comment
    return bytes(changed)


def overlapping(parts: dict, name: str, copies: int) -> bytes:
    """An archive whose directory names one packed part many times: each copy costs only its name."""
    content = packed(parts)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        start, count = archive.start_dir, len(archive.infolist())
        info = archive.getinfo(name)
    entries = bytearray(content[start:-22])
    for number in range(copies):
        other = f"xl/media/{number}.xml".encode()
        entries += struct.pack(
            "<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 33, info.CRC, info.compress_size, info.file_size,
            len(other), 0, 0, 0, 0, 0, info.header_offset,
        ) + other  # fmt: skip
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, count + copies, count + copies, len(entries), start, 0)
    return content[:start] + bytes(entries) + end

"""How the bytes of a file are encoded: by its mark, by all of its bytes, or as the user declares.

Not here: how lines are divided (`dialect`).
"""

import codecs
import re
from pathlib import Path

import charset_normalizer

from bourne_assets.csvs.errors import CsvRejected
from bourne_assets.csvs.reading.scan import blocks_of
from bourne_assets.translations import in_english

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Of a text in UTF-16 at least this many characters are ASCII: names, digits, delimiters.
_WIDE_SHARE = 0.4
_WIDE_BYTES = 4096
_SEQUENCE = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_HIGH = re.compile(rb"[\x80-\xff]")
#: Lines with characters beyond ASCII that a legacy encoding is detected from.
_EVIDENCE_BYTES = 64 * 1024
_HIGH_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
#: Words of Western Europe have letters with marks one or two at a time, among plain letters.
_WESTERN_LETTERS = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽŸðþÐÞ"
)
_WESTERN_SYMBOLS = frozenset(
    "€‚„…‘’“”•–—™ ¡£§©ª«®°±²³´µ·¹º»¼½¾¿¢¥"  # noqa: RUF001 - the symbols themselves
)
_WESTERN_SHARE = 0.95
#: A blank that does not break lines, between the digits of a number; elsewhere it is a letter of
#: other encodings.
_GROUPED = re.compile(r"(?<=\d)\xa0(?=\d{3}(?!\d))")
#: What bytes of other alphabets look like as Western ones: symbols within words (`£ód¼`, `ka¿dy`),
#: a capital after a small letter (`cafŽ`), a symbol that nobody writes, letters of Icelandic and
#: of Turkish.
_ODD = re.compile(
    r"[£¥¢¼½¾¹²³±¬¦÷¶](?=[A-Za-zÀ-ÿ])|(?<=[A-Za-zÀ-ÿ])[£¥¢¼½¾±¬¦¶¿¡‚„]"  # noqa: RUF001
    r"|(?<=[a-zß-ÿ])[À-ÖØ-ÞŒŠŽŸ]|¤"
)
_ICELANDIC, _TURKISH = frozenset("þðÞÐ"), frozenset("çüÇÜ")
_ODD_SHARE = 0.05
#: Announces other characters in encodings of seven bits, as mails in Japanese have them.
_ISO_2022 = re.compile(rb"\x1b(\$[@AB(]|\([BJI])")
_MAXIMUM_RUN = 3
_RUNS_SHARE = 0.1
#: A guess at an East Asian encoding was always right, of 1,500 tried, where the text had this many
#: bytes beyond ASCII, or characters in the shares that a language has; of less it was wrong in 4 %.
_EAST_ASIAN = re.compile(
    r"big5|gb|cp93|cp94|cp95|euc|shift|johab|hz|iso2022|iso_2022", re.IGNORECASE
)
_ENOUGH_BYTES = 128
_MAXIMUM_CHAOS = 0.1
#: One-byte alphabets resemble each other: the characters must be in the shares of a language.
_ALPHABET_COHERENCE = 0.5


def bom_of(start: bytes) -> tuple[bytes, str]:
    """The byte order mark that a file begins with, and its encoding; both empty without one.

    A second mark, as programs leave it that add one to a file that has one, belongs to it.
    """
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            doubled = bom * 2 if start.startswith(bom * 2) else bom
            return doubled, encoding
    return b"", ""


def detect_encoding(path: Path, start: bytes, declared: str | None) -> tuple[bytes, str]:
    """The byte order mark and the encoding of a file.

    Args:
        path: The file.
        start: Its first bytes.
        declared: The encoding that the user declares.

    Raises:
        CsvRejected: It is a legacy encoding that cannot be determined.
        OSError: The file cannot be read.
    """
    bom, marked = bom_of(start)
    if not declared and _ISO_2022.search(start):
        raise CsvRejected(
            in_english("its encoding seems to be ISO-2022: set encoding in the datasets file")
        )
    encoding = _declared(codecs.lookup(declared).name) if declared else marked
    if marked == "utf-8" != encoding and not is_utf8(path, bom):
        return bom, encoding
    if marked:  # as bytes of another encoding it would not be text
        return bom, marked
    if declared:
        return b"", encoding
    if wide := _wide(start):
        return b"", wide
    return b"", "utf-8" if is_utf8(path) else legacy_encoding(path)


def _declared(encoding: str) -> str:
    """The encoding of a text without a mark."""
    wide = encoding.replace("_", "-")
    if wide in {"utf-16", "utf-32"}:
        return f"{wide}-le"
    return "utf-8" if wide == "utf-8-sig" else encoding


def is_utf8(path: Path, bom: bytes = b"") -> bool:
    """Whether at least as much of what is beyond ASCII in a file is UTF-8 as is not.

    Args:
        path: The file.
        bom: The byte order mark that it begins with, in UTF-8, which says nothing of the rest.

    Raises:
        OSError: The file cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    # Bytes of UTF-8, less one for each character, and bytes that are not.
    valid, invalid = len(bom) // len(codecs.BOM_UTF8) - len(bom), 0
    for block in blocks_of(path):
        held = decoder.getstate()[0]
        if block.isascii() and not held:
            continue
        try:
            text = decoder.decode(block)
        except UnicodeDecodeError:
            decoder.reset()
            valid += sum(len(each) - 1 for each in _SEQUENCE.findall(held + block))
            invalid += len(_HIGH.findall(_SEQUENCE.sub(b"", held + block)))
        else:
            valid += len(held) + len(block) - len(text) - len(decoder.getstate()[0])
    return invalid + len(decoder.getstate()[0]) <= valid


def legacy_encoding(path: Path) -> str:
    """The encoding of a file that is not in UTF-8.

    Text of Western Europe is known by its letters. Anything else is left to charset-normalizer,
    whose guess is taken where it is sure; text in the wrong letters would be worse than none.

    Raises:
        CsvRejected: The encoding cannot be determined.
        OSError: The file cannot be read.
    """
    evidence, has_c1_controls = b"", False
    for n, block in enumerate(blocks_of(path)):
        if len(evidence) < _EVIDENCE_BYTES:
            text = block if n else block[len(bom_of(block)[0]) :]
            found = b"\n".join(_HIGH_LINE.findall(text))
            evidence += found[: _EVIDENCE_BYTES - len(evidence)] + b"\n" * bool(found)
        has_c1_controls = has_c1_controls or bool(re.search(rb"[\x80-\x9f]", block))
    if _is_western(evidence):
        return "cp1252" if has_c1_controls else "latin-1"
    best = charset_normalizer.from_bytes(evidence).best()
    if best is not None and _is_sure(best, evidence):
        return best.encoding
    guess = f" (perhaps {best.encoding})" if best is not None else ""
    raise CsvRejected(
        in_english(
            "its encoding is not UTF-8 and cannot be determined{guess}: set encoding in the "
            "datasets file",
            guess=guess,
        )
    )


def _is_sure(guess: charset_normalizer.CharsetMatch, evidence: bytes) -> bool:
    if guess.chaos > _MAXIMUM_CHAOS or guess.encoding.startswith(("utf", "ascii")):
        return False
    if _EAST_ASIAN.match(guess.encoding):
        return guess.coherence > 0 or len(_HIGH.findall(evidence)) >= _ENOUGH_BYTES
    return guess.coherence >= _ALPHABET_COHERENCE


def _is_western(evidence: bytes) -> bool:
    """Whether bytes beyond ASCII read as letters of Western Europe, one or two at a time."""
    text = evidence.decode("cp1252", "replace")
    high = [char for char in text if char > "\x7f"]
    letters = sum(char in _WESTERN_LETTERS for char in high)
    symbols = sum(char in _WESTERN_SYMBOLS for char in high) + len(_GROUPED.findall(text))
    odd = sum(bool(_ODD.match(text, n)) for n, char in enumerate(text) if char > "\x7f")
    is_turkish = not _ICELANDIC.isdisjoint(high) and not _TURKISH.isdisjoint(high)
    if odd > _ODD_SHARE * len(high) or is_turkish:
        return False
    runs = [len(run) for run in re.findall(r"[^\x00-\x7f]+", text)]
    known, in_runs = letters + symbols, sum(run for run in runs if run >= _MAXIMUM_RUN)
    if max(runs, default=1) == 1:  # one byte at a time is not a script of its own
        return known >= len(high) / 2
    return known >= _WESTERN_SHARE * len(high) and in_runs <= _RUNS_SHARE * len(high)


def _wide(start: bytes) -> str:
    """UTF-16 without a mark: of plain characters every second byte is NUL, beginning at once."""
    head = start[:_WIDE_BYTES]
    even, odd, pairs = head[::2].count(0), head[1::2].count(0), len(head) // 2
    if odd > _WIDE_SHARE * pairs > even and head[0] and not head[1]:
        return "utf-16-le"
    if even > _WIDE_SHARE * pairs > odd and head[1] and not head[0]:
        return "utf-16-be"
    return ""

"""Classic COBS: no byte of a frame is 00, and a 00 ends it. Source: Cheshire and Baker, 1999."""

END = 0x00
_BLOCK = 0xFF


class CobsError(ValueError):
    """The bytes are no frame."""


def encode(message: bytes) -> bytes:
    """The frame of `message`, with its 00."""
    frame = bytearray()
    for part in (parts := message.split(b"\0")):
        frame += _blocks(part)
    last = parts[-1]
    if last and len(last) % (_BLOCK - 1) == 0:
        del frame[-1]  # a full block at the end says all
    frame.append(END)
    return bytes(frame)


def _blocks(part: bytes) -> bytes:
    """Full blocks, and one that is not full, which stands for a 00 after it."""
    full, rest = divmod(len(part), _BLOCK - 1)
    cuts = [part[at : at + _BLOCK - 1] for at in range(0, full * (_BLOCK - 1), _BLOCK - 1)]
    return b"".join(bytes((_BLOCK,)) + cut for cut in cuts) + bytes((rest + 1,)) + part[len(part) - rest :]


def decode(frame: bytes) -> bytes:
    """The message of a frame, with or without its 00. Raises CobsError."""
    frame = frame.removesuffix(b"\0")
    if not frame or END in frame:
        raise CobsError
    message = bytearray()
    at = 0
    while at < len(frame):
        code = frame[at]
        block = frame[at + 1 : at + code]
        if len(block) != code - 1:
            raise CobsError
        message += block
        at += code
        if code != _BLOCK and at < len(frame):
            message.append(0)
    return bytes(message)

"""Holds the PNG files that `apus generate` writes against zlib, and against Pillow where it is installed: checksums, the
deflate stream, the pixels (those of the PGM file of the same seed), and the size beside zlib's own.

usage: png.py APUS FOLDER
"""
import struct
import subprocess
import sys
import zlib

try:
    from PIL import Image
except ImportError:
    Image = None


def chunks(file):
    """The chunks of a PNG file, their checksums verified by zlib."""
    assert file[:8] == b"\x89PNG\r\n\x1a\n", "no PNG signature"
    place = 8
    while place < len(file):
        (size,) = struct.unpack(">I", file[place:place + 4])
        kind, content = file[place + 4:place + 8], file[place + 8:place + 8 + size]
        (check,) = struct.unpack(">I", file[place + 8 + size:place + 12 + size])
        assert zlib.crc32(kind + content) == check, f"checksum of {kind}"
        yield kind, content
        place += 12 + size


def paeth(left, up, corner):
    estimate = left + up - corner
    return min((left, up, corner), key=lambda byte: abs(estimate - byte))


def unfiltered(content, width, height):
    """The pixels of rows with filters, 8 bits each."""
    pixels, above = bytearray(), bytes(width)
    for number in range(height):
        kind, row = content[number * (width + 1)], bytearray(content[number * (width + 1) + 1:(number + 1) * (width + 1)])
        for x in range(width):
            left, corner = (row[x - 1], above[x - 1]) if x else (0, 0)
            row[x] = (row[x] + (0, left, above[x], (left + above[x]) // 2, paeth(left, above[x], corner))[kind]) & 255
        pixels += row
        above = bytes(row)
    return bytes(pixels)


def check(apus, folder, model, count):
    png, pgm = f"{folder}/{count}.png", f"{folder}/{count}.pgm"
    for path in (png, pgm):
        subprocess.run([apus, "generate", model, "--count", str(count), "--output", path], check=True, capture_output=True)
    with open(png, "rb") as file:
        parts = list(chunks(file.read()))
    with open(pgm, "rb") as file:
        magic, size, _, expected = file.read().split(b"\n", 3)
    width, height = (int(word) for word in size.split())
    assert magic == b"P5" and [kind for kind, _ in parts] == [b"IHDR", b"IDAT", b"IEND"]
    assert parts[0][1] == struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = zlib.decompress(parts[1][1])
    assert unfiltered(content, width, height) == expected, "other pixels than the PGM file"
    if Image:
        with Image.open(png) as image:
            assert image.mode == "L" and image.tobytes() == expected, "Pillow sees other pixels"
    own, theirs = len(parts[1][1]), len(zlib.compress(content, 6))
    assert own <= 1.1 * theirs, f"{own} bytes where zlib needs {theirs}"
    print(f"{count:5} images, {width}x{height}: {own} bytes of deflate, zlib -6 {theirs}")


def main():
    apus, folder = sys.argv[1:]
    model = f"{folder}/vae.safetensors"
    subprocess.run(
        [apus, "train", "vae", "--data", "synthetic", "--limit", "400", "--epochs", "2", "--judge", "none", "--save", model],
        check=True, capture_output=True)
    for count in (1, 64, 1000):
        check(apus, folder, model, count)
    print("PNG files are as zlib" + (" and Pillow read them" if Image else " reads them; Pillow is not installed"))


main()

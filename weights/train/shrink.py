"""Photographs made small enough to be carried to another machine.

    python -m weights.train.shrink FOLDER --size 128 --out PARTS [--quality 92] [--megabytes 60]

Writes part-00.zip, part-01.zip … of at most so many megabytes: the central squares at `size` pixels as JPEGs without
chroma subsampling, in the order of a pack, so that even the first part alone is a fair sample. Unpack them into one
folder (`python -m zipfile -e part-00.zip FOLDER`) and give that to weights.train.data.
"""

import argparse
import io
import os
import sys
import zipfile

from PIL import Image

from .data import find_photographs, photograph
from .errors import DataError, TrainError

ENTRY = 200  # bytes that a name costs in a zip, and more


def shrink(folder, out, size: int, quality=92, limit=60_000_000, seed=1):
    """Returns the names of the parts."""
    os.makedirs(out, exist_ok=True)
    parts, file, room = [], None, 0
    for path in find_photographs(folder, seed):
        buffer = io.BytesIO()
        try:
            picture = photograph(os.path.join(folder, path), size)
        except DataError as error:
            print(f"left out: {error.message}", file=sys.stderr)
            continue
        Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling=0, optimize=True)
        name, data = os.path.splitext(path)[0] + ".jpg", buffer.getvalue()
        cost = len(data) + ENTRY + 2 * len(name)
        if file is None or cost > room:
            if file:
                file.close()
            parts.append(f"part-{len(parts):02d}.zip")
            file, room = zipfile.ZipFile(os.path.join(out, parts[-1]), "w", zipfile.ZIP_STORED), limit
        file.writestr(zipfile.ZipInfo(name), data)
        room -= cost
    if file is None:
        raise DataError(f"None of the photographs in {folder} can be read.")
    file.close()
    return parts


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m weights.train.shrink", description=__doc__.partition("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--quality", type=int, default=92)
    parser.add_argument("--megabytes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", required=True)
    o = parser.parse_args(arguments)
    print("\n".join(shrink(o.folder, o.out, o.size, o.quality, round(o.megabytes * 1e6), o.seed)))


if __name__ == "__main__":
    try:
        main()
    except TrainError as error:
        sys.exit(f"{error.code}: {error}")

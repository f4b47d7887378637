"""Procedural scenes with exact labels: sky, clouds, mountains, trees, grass, a house, its path.

`scene(seed)` → image uint8 [64, 64, 3] RGB and labels uint8 [64, 64], which index CONCEPTS (0 is "no label" and does not
occur). A scene is painted at 256x256 with its labels beside it; colours are averaged over 4x4 pixels, labels decided by
majority. The order of the random draws is part of the data set: the embedded models saw the seeds 1,000,000 to
1,023,999, and the tests hold the digests of some.
"""

import numpy
from PIL import Image, ImageDraw

CONCEPTS = ["-", "sky", "cloud", "mountain", "tree", "grass", "path", "house", "roof", "window", "door"]
SIZE, FINER = 64, 4
WIDE = SIZE * FINER  # of the canvas
TRAINING, HELD_OUT = 1_000_000, 2_000_000  # first seeds

MOODS = [((70, 130, 215), (190, 220, 245)), ((110, 115, 170), (250, 190, 140)), ((120, 135, 155), (195, 200, 205))]
WALLS = [(205, 185, 150), (225, 222, 215), (170, 85, 65), (150, 165, 180), (220, 195, 110)]
ROOFS = [(130, 55, 45), (85, 80, 85), (100, 75, 55)]
DOORS = [(90, 50, 30), (150, 35, 35), (35, 70, 110), (40, 90, 60)]
TRUNK, FRAME = (95, 70, 45), (240, 240, 235)


class Canvas:
    """The picture and its labels, painted together."""

    def __init__(self, random):
        self.random = random
        self.image, self.labels = Image.new("RGB", (WIDE, WIDE)), Image.new("L", (WIDE, WIDE))
        self.color, self.label = ImageDraw.Draw(self.image), ImageDraw.Draw(self.labels)

    def near(self, color, deviation):
        """`color`, each component moved at random."""
        return tuple(int(numpy.clip(v + self.random.normal(0, deviation), 0, 255)) for v in color)

    def polygon(self, points, color, concept):
        self.color.polygon(points, fill=color)
        self.label.polygon(points, fill=CONCEPTS.index(concept))

    def ellipse(self, box, color, concept):
        self.color.ellipse(box, fill=color)
        self.label.ellipse(box, fill=CONCEPTS.index(concept))

    def rectangle(self, box, color, concept):
        self.color.rectangle(box, fill=color)
        self.label.rectangle(box, fill=CONCEPTS.index(concept))

    def gradient(self, top, bottom, rows, over, concept):
        """Lines from `top` to `bottom` over the rows; `over`: how many the whole gradient would take."""
        for y in rows:
            t = (y - rows.start) / over
            self.color.line([(0, y), (WIDE, y)], fill=tuple(int(a + (b - a) * t) for a, b in zip(top, bottom)))
        self.label.rectangle([0, rows.start, WIDE, rows.stop - 1], fill=CONCEPTS.index(concept))


def sky(c, r):
    """Sky in one of three moods down to the horizon, with clouds; returns (mood, horizon)."""
    mood = r.choice(3, p=[0.6, 0.25, 0.15])
    top, bottom = (c.near(color, 10) for color in MOODS[mood])
    horizon = int(WIDE * r.uniform(0.52, 0.68))
    c.gradient(top, bottom, range(0, horizon + 1), horizon, "sky")
    for _ in range(r.poisson(1.2)):
        x, y, size = r.uniform(0, WIDE), r.uniform(0.05, 0.32) * WIDE, r.uniform(0.05, 0.11) * WIDE
        color = c.near((248, 248, 250) if mood != 2 else (220, 222, 226), 4)
        for _ in range(4):
            cx, cy, q = x + r.normal(0, size * 1.1), y + r.normal(0, size * 0.25), size * r.uniform(0.6, 1)
            c.ellipse([cx - q * 1.3, cy - q * 0.7, cx + q * 1.3, cy + q * 0.7], color, "cloud")
    return mood, horizon


def mountains(c, r, mood, horizon):
    color = c.near((105, 115, 135) if mood != 1 else (120, 95, 120), 10)
    for _ in range(r.randint(1, 4)):
        x, height = r.uniform(-0.1, 1.1) * WIDE, r.uniform(0.12, 0.3) * WIDE
        width = height * r.uniform(1.1, 1.9)
        c.polygon([(x - width, horizon), (x, horizon - height), (x + width, horizon)], c.near(color, 6), "mountain")


def meadow(c, r, horizon):
    near = c.near((88, 150, 62) if r.rand() < 0.8 else (165, 160, 85), 10)
    c.gradient(near, tuple(int(v * 0.72) for v in near), range(horizon, WIDE), WIDE - horizon, "grass")


def tree(c, r, x, base, height):
    """A fir of three triangles or a crown of five ellipses, on a trunk."""
    color = c.near((40, 105, 45) if r.rand() < 0.75 else (170, 110, 40), 12)
    width = height * 0.07
    c.rectangle([x - width, base - height * 0.4, x + width, base], TRUNK, "tree")
    if r.rand() < 0.45:
        for i in range(3):
            y, half = base - height * (0.2 + 0.25 * i), height * (0.3 - 0.07 * i)
            c.polygon([(x - half, y), (x, y - height * 0.38), (x + half, y)], c.near(color, 5), "tree")
    else:
        for _ in range(5):
            q = height * r.uniform(0.17, 0.26)
            cx, cy = x + r.normal(0, height * 0.12), base - height * 0.68 + r.normal(0, height * 0.09)
            c.ellipse([cx - q, cy - q, cx + q, cy + q], c.near(color, 7), "tree")


def house(c, r, horizon):
    """Path, walls, chimney, roof, a door in one of the slots and windows in the others (on one or two floors)."""
    width, height = r.uniform(0.26, 0.46) * WIDE, r.uniform(0.18, 0.3) * WIDE
    x = r.uniform(0.05, 0.95) * (WIDE - width)
    base = horizon + r.uniform(0.06, 0.16) * WIDE
    y = base - height
    wall, tiles = c.near(WALLS[r.randint(5)], 8), c.near(ROOFS[r.randint(3)], 8)
    rise, eaves = r.uniform(0.09, 0.17) * WIDE, 0.025 * WIDE
    door = width * r.uniform(0.13, 0.18), height * r.uniform(0.5, 0.62)
    slots = r.randint(2, 5) if width > 0.33 * WIDE else r.randint(2, 4)
    entry = r.randint(slots) if r.rand() < 0.85 else -1
    cell = width / slots
    if entry >= 0:
        at, color = x + cell * (entry + 0.5), c.near((190, 175, 150), 8)
        end, half = at + r.uniform(-0.2, 0.2) * WIDE, door[0] * 0.6
        points = [(at - half, base), (at + half, base), (end + 0.09 * WIDE, WIDE), (end - 0.09 * WIDE, WIDE)]
        c.polygon(points, color, "path")
    c.rectangle([x, y, x + width, base], wall, "house")
    if r.rand() < 0.4:
        at, half = x + width * r.uniform(0.15, 0.85), 0.018 * WIDE
        c.rectangle([at - half, y - rise * 1.05, at + half, y], tuple(int(v * 0.8) for v in wall), "house")
    if r.rand() < 0.65:
        ridge = [(x + width * 0.5, y - rise)]
    else:
        ridge = [(x + width * 0.15, y - rise * 0.8), (x + width * 0.85, y - rise * 0.8)]
    c.polygon([(x - eaves, y), *ridge, (x + width + eaves, y)], tiles, "roof")
    leaf, glass = c.near(DOORS[r.randint(4)], 8), c.near((70, 90, 120) if r.rand() < 0.7 else (245, 225, 140), 8)
    floors = 2 if height > 0.26 * WIDE else 1
    for slot in range(slots):
        at = x + cell * (slot + 0.5)
        if slot == entry:
            c.rectangle([at - door[0] / 2, base - door[1], at + door[0] / 2, base], leaf, "door")
        for floor in range(floors):
            if slot != entry or floor > 0:
                window(c, at, y, height, cell, floors, floor, glass)


def window(c, x, top, height, cell, floors, floor, glass):
    """Glass with a frame around it and a bar down its middle."""
    h = height * (0.3 if floors == 1 else 0.2)
    w = min(cell * 0.5, h * 1.1)
    y = top + height * (0.4 if floors == 1 else 0.68 if floor == 0 else 0.25)
    c.rectangle([x - w / 2 - 2, y - h / 2 - 2, x + w / 2 + 2, y + h / 2 + 2], FRAME, "window")
    c.rectangle([x - w / 2, y - h / 2, x + w / 2, y + h / 2], glass, "window")
    c.color.line([(x, y - h / 2), (x, y + h / 2)], fill=FRAME, width=2)


def scene(seed: int):
    r = numpy.random.RandomState(seed)
    c = Canvas(r)
    mood, horizon = sky(c, r)
    if r.rand() < 0.5:
        mountains(c, r, mood, horizon)
    meadow(c, r, horizon)
    for _ in range(r.poisson(1.3)):
        tree(c, r, r.uniform(0, WIDE), horizon + r.uniform(0, 0.06) * WIDE, r.uniform(0.2, 0.36) * WIDE)
    if r.rand() < 0.85:
        house(c, r, horizon)
    for _ in range(r.poisson(0.7)):
        tree(c, r, r.uniform(0, WIDE), horizon + r.uniform(0.1, 0.26) * WIDE, r.uniform(0.26, 0.46) * WIDE)
    image = numpy.asarray(c.image.resize((SIZE, SIZE), Image.BOX), dtype=numpy.float32)
    image += r.normal(0, 2.0, image.shape)
    finer = numpy.asarray(c.labels).reshape(SIZE, FINER, SIZE, FINER)
    votes = [(finer == k).sum((1, 3)) for k in range(len(CONCEPTS))]
    return numpy.clip(image, 0, 255).astype(numpy.uint8), numpy.argmax(votes, 0).astype(numpy.uint8)

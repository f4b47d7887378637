"""What NumPy draws for ACE as gandissect's aceoptimize.py asks it to: `python3 ace.py > test/golden/ace.json`.

Needs NumPy (made with 1.24). 60 images have been searched; where the concept is in each (cell of 4 × 4, score) is made up.
Of the 24 images with the highest scores, in the images' order, the first 20 are for training, and their cells' histogram is
the popularity. Places to insert at are drawn with probabilities in proportion to popularity + mean(popularity) / 10, three
at a time for every ten images, of RandomState(1). Orders are those that an epoch takes 40 images in, and then 40 places.
"""

import json

import numpy

IMAGES, CELLS, PLACES, TRAIN, EVAL = 60, 16, 3, 20, 4
SEED, EPOCHS = 2, 5

random = numpy.random.RandomState(12)
# Cells 5 … 8 are never popular. Scores repeat: of equals, the earlier image comes first.
cells = random.choice([cell for cell in range(CELLS) if not 5 <= cell <= 8], IMAGES)
scores = random.randint(1, 13, IMAGES) / 16

chosen = numpy.sort(numpy.argsort(-scores, kind="stable")[: TRAIN + EVAL])
popularity = numpy.bincount(cells[chosen[:TRAIN]], minlength=CELLS).astype(float)
weights = popularity + popularity.mean() / 10
draw = numpy.random.RandomState(1)
draws = [draw.choice(CELLS, PLACES, replace=False, p=weights / weights.sum()).tolist() for _ in range(IMAGES // 10)]

orders = {}
for epoch in range(EPOCHS):
    order = numpy.random.RandomState(SEED * EPOCHS + epoch)
    orders[epoch] = {"present": order.permutation(40).tolist(), "candidates": order.permutation(40).tolist()}

print(
    json.dumps(
        {
            "found": [[int(cell), float(score)] for cell, score in zip(cells, scores)],
            "present": chosen.tolist(),
            "draws": draws,
            "seed": SEED,
            "epochs": EPOCHS,
            "orders": orders,
        }
    )
)

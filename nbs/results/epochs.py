"""Few data, many epochs, about an hour on one core: `LLADA_NB_DATA=FOLDER python nbs/results/epochs.py`.

Both models, the body and settings of the cpu preset, on the first 50,000 characters of the training text. Each run has a
number of epochs and its own schedule to the end of them. Writes nbs/results/epochs.json, which 05_evaluate shows, after
every run, and goes on from there when started again.
"""
from dataclasses import asdict
from pathlib import Path
import json
import math
import time

import torch

from llada_nb.core import provenance, write_json
from llada_nb.data import batches, load_text, split
from llada_nb.llada_train import random_lengths
from llada_nb.loop import mean_loss, replicate, train
from llada_nb.runs import presets, set_up

chars, looks, seed, out = 50_000, 16, 0, Path(__file__).parent/'epochs.json'
runs = [('ar', 10, 0.), ('ar', 30, 0.), ('llada', 30, 0.), ('ar', 100, 0.), ('llada', 100, 0.), ('ar', 30, .2), ('ar', 100, .2),
        ('ar', 10, .2), ('ar', 15, .2), ('llada', 60, 0.)]


def run(kind, epochs, dropout):
    "Train; look at the validation split `looks` times; judge the best of them again, with fresh noise."
    text, (sizes, how) = load_text('tinyshakespeare'), presets['cpu']
    L, steps = sizes.max_len, math.ceil(epochs*chars/(how.bs*sizes.max_len))
    s = set_up(text, kind, 'cpu', seed, steps=steps, dropout=dropout)
    x0 = batches(split(s.tok.encode(text))[0][:chars], how.bs, L)
    if kind == 'llada': x0 = random_lengths(x0)
    model, rows, best, start = s.tr.model, [], None, time.perf_counter()
    for step in train(s.tr, s.loss, x0):
        if step.step % math.ceil(steps/looks) and step.step < steps: continue
        rows.append(dict(epoch=step.step*how.bs*L/chars, val=mean_loss(model, s.bound, s.val)))
        if rows[-1]['val'] == min(r['val'] for r in rows): best = {k: v.clone() for k, v in model.state_dict().items()}
    seconds = time.perf_counter()-start
    model.load_state_dict(best)
    est = replicate(lambda: mean_loss(model, s.bound, s.val, seed=None), 8 if kind == 'llada' else 1)
    return dict(kind=kind, epochs=epochs, dropout=dropout, updates=steps, seconds=seconds, nats=est.nats, se=est.se, rows=rows,
                model=asdict(model.cfg), train=asdict(s.tr.cfg), sha256=text.digest)


def main():
    torch.set_num_threads(1)
    done = json.loads(out.read_text())['runs'] if out.exists() else []
    for kind, epochs, dropout in runs:
        if (kind, epochs, dropout) in [(r['kind'], r['epochs'], r['dropout']) for r in done]: continue
        done.append(r := run(kind, epochs, dropout))
        print(f"{kind}, {epochs} epochs, dropout {dropout}: {r['nats']:.3f} ± {r['se']:.3f} in {r['seconds']:.0f} s", flush=True)
        write_json(out, provenance('python', 'nbs/results/epochs.py') | dict(
            corpus='tinyshakespeare', characters=chars, seed=seed, runs=done))


if __name__ == '__main__': main()

"""Short runs of the cpu preset that differ in one setting each, about fifteen minutes on two cores.

`LLADA_NB_DATA=FOLDER python nbs/results/trials.py` writes nbs/results/trials.json, which 02_llada_train and 03_ar_train
show. Two runs at a time, one thread each: updates are counted, not seconds.
"""
from dataclasses import asdict
from functools import partial
from pathlib import Path
import json
import os
import subprocess
import sys

from llada_nb.core import late, provenance, write_json
from llada_nb.data import load_text
from llada_nb.llada_train import llada_loss, masked_loss, random_lengths
from llada_nb.loop import mean_loss, replicate, train
from llada_nb.runs import set_up

steps, out = 300, Path(__file__).parent/'trials.json'
trials = {  # kind, name: what differs from the preset
    ('llada', 'the preset'): {},
    ('llada', 'another seed'): dict(seed=1),
    ('llada', 'weight 1'): dict(loss=masked_loss),
    ('llada', 'weight 1/t'): dict(loss=llada_loss),
    ('llada', 'AdamW 0.01'): dict(lr=.01, muon=1.),
    ('llada', 'two heads'): dict(n_head=2),
    ('llada', 'no QK-norm'): dict(qk_norm=False),
    ('llada', '3 layers, 160 wide'): dict(n_layer=3, dim=160, n_head=5, ffn_dim=384),
    ('ar', 'the preset'): {},
    ('ar', 'another seed'): dict(seed=1),
    ('ar', 'both rates halved'): dict(lr=.01),
    ('ar', 'dropout 0.1'): dict(dropout=.1),
    ('ar', 'weight decay'): dict(wd=.1)}


def trial(kind, name, seed=0, loss=None, **change):
    "Train, and judge on the validation windows: with the bound, or with the baseline's own loss."
    s = set_up(load_text('tinyshakespeare'), kind, 'cpu', seed, steps=steps, **change)
    loss_fn = partial(loss, mask_id=s.tok.mask_id) if loss else s.loss
    x0 = random_lengths(s.batches) if kind == 'llada' else s.batches
    for _ in train(s.tr, loss_fn, x0): pass
    est = replicate(lambda: mean_loss(s.tr.model, s.bound, s.val, seed=None), 4 if kind == 'llada' else 1)
    return dict(kind=kind, name=name, nats=est.nats, se=est.se, seed=seed, loss=(loss or late('loss', kind)).__name__,
                model=asdict(s.tr.model.cfg), train=asdict(s.tr.cfg))


def one(kind, name):
    "A trial of the table, as JSON on stdout: what the processes below do."
    print(json.dumps(trial(kind, name, **trials[kind, name])))


def pair(todo):
    "Two trials side by side, one thread each; their results."
    run = lambda t: subprocess.Popen([sys.executable, __file__, *t], stdout=subprocess.PIPE, env=os.environ | {'OMP_NUM_THREADS': '1'})
    for p in [run(t) for t in todo]:
        said = p.communicate()[0]
        if p.returncode: sys.exit(f'a trial failed: {p.args}')
        yield json.loads(said.splitlines()[-1])


def main():
    todo, rows = list(trials), []
    for i in range(0, len(todo), 2):
        for r in pair(todo[i:i+2]):
            rows.append(r)
            print(f"{r['kind']}, {r['name']}: {r['nats']:.3f} ± {r['se']:.3f}", flush=True)
    write_json(out, provenance('python', 'nbs/results/trials.py') | dict(
        updates=steps, note='one thread each, two at a time', trials=rows))


if __name__ == '__main__': one(*sys.argv[1:]) if sys.argv[1:] else main()

"""Which block lengths to train with, about two minutes a mix on one core: `LLADA_NB_DATA=FOLDER python nbs/results/mixes.py [MIX…]`.

The cpu preset, 300 updates with a schedule of their own, one seed; judged from left to right and by the bound at several block
lengths, on all validation windows. Writes nbs/results/mixes.json after every run, which 08_blocks shows; without names it does
what is missing.
"""
from functools import partial
from pathlib import Path
import json
import sys
import time

import torch

from llada_nb.blocks import block_loss, curve_losses, lens_from
from llada_nb.core import provenance, write_json
from llada_nb.data import load_text
from llada_nb.loop import mean_loss, train
from llada_nb.runs import set_up

out, updates, seed = Path(__file__).parent/'mixes.json', 300, 0
mixes = '4,16,L', 'L', '1,4,16,L', '1,2,4,8,16,32,64,L'
judged = 'clean', 'block 1', 'block 4', 'block 16', 'block 128'


def run(mix):
    "Train with a mix of block lengths, one drawn for each batch; judge."
    start, s = time.process_time(), set_up(load_text('tinyshakespeare'), 'blocks', 'cpu', seed, steps=updates)
    M, L = s.tok.mask_id, s.tr.model.cfg.max_len
    for _ in train(s.tr, partial(block_loss, mask_id=M, block_lens=lens_from(mix)), s.batches): pass
    curve = curve_losses(M, L)
    return dict(mix=mix, seconds=round(time.process_time()-start)) | {k: mean_loss(s.tr.model, curve[k], s.val, seed=1) for k in judged}


def main(names):
    torch.set_num_threads(1)
    def read(): return json.loads(out.read_text())['runs'] if out.exists() else []
    for mix in names or mixes:
        if mix in [r['mix'] for r in read()]: continue
        r = run(mix)
        print(r, flush=True)
        write_json(out, provenance('python', 'nbs/results/mixes.py') | dict(corpus='tinyshakespeare', updates=updates, seed=seed, runs=read()+[r]))


if __name__ == '__main__': main(sys.argv[1:])

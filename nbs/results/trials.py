"""Short runs of the cpu preset that differ in one setting each: `LLADA_NB_DATA=FOLDER python nbs/results/trials.py`, about fifteen minutes on two cores.

Writes nbs/results/trials.json, which 02_llada_train and 03_ar_train show. Two runs at a time, one thread each: updates are counted, not seconds.
"""
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
import json
import os
import subprocess
import sys

import torch

from llada_nb.ar_train import ar_loss
from llada_nb.data import CharTokenizer, batches, load_text, split, windows
from llada_nb.llada_train import llada_bound, llada_loss, masked_loss, random_lengths, root_loss
from llada_nb.core import provenance, write_json
from llada_nb.loop import Trainer, estimate, train
from llada_nb.model import Transformer
from llada_nb.runs import presets

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

def trial(kind, name, seed=0, loss=root_loss, **change):
    "Train, and judge on the validation windows: with the bound, or with the baseline's own loss."
    text = load_text('tinyshakespeare')
    tok = CharTokenizer(text)
    train_ids, valid_ids = split(tok.encode(text))
    sizes, how = presets['cpu']
    part = lambda cfg: {k: v for k, v in change.items() if hasattr(cfg, k)}
    assert set(change) <= {*vars(sizes), *vars(how)}, change
    torch.manual_seed(seed)
    model = Transformer(replace(sizes, vocab_size=tok.vocab_size, causal=kind=='ar', **part(sizes)))
    tr = Trainer(model, replace(how, steps=steps, **part(how)))
    x0 = batches(train_ids, tr.cfg.bs, sizes.max_len)
    if kind=='ar': loss_fn = judge = partial(ar_loss, bos_id=tok.mask_id)
    else: x0, loss_fn, judge = random_lengths(x0), partial(loss, mask_id=tok.mask_id), partial(llada_bound, mask_id=tok.mask_id)
    for _ in train(tr, loss_fn, x0): pass
    nats, se = estimate(model, judge, windows(valid_ids, sizes.max_len), n=1 if kind=='ar' else 3)
    return dict(kind=kind, name=name, nats=nats, se=se, seed=seed, loss=loss_fn.func.__name__, model=asdict(model.cfg), train=asdict(tr.cfg))

if __name__ == '__main__':
    if sys.argv[1:]: sys.exit(print(json.dumps(trial(*sys.argv[1:], **trials[tuple(sys.argv[1:])]))))
    todo, rows = list(trials), []
    for pair in (todo[i:i+2] for i in range(0, len(todo), 2)):
        for p in [subprocess.Popen([sys.executable, __file__, *t], stdout=subprocess.PIPE, env=os.environ | {'OMP_NUM_THREADS': '1'}) for t in pair]:
            said = p.communicate()[0]
            if p.returncode: sys.exit(f'a trial failed: {p.args}')
            rows.append(json.loads(said.splitlines()[-1]))
            print(f"{rows[-1]['kind']}, {rows[-1]['name']}: {rows[-1]['nats']:.3f} ± {rows[-1]['se']:.3f}", flush=True)
    write_json(out, provenance('python', 'nbs/results/trials.py') | dict(updates=steps, note='one thread each, two at a time', trials=rows))

"""Few data, many epochs: `LLADA_NB_DATA=FOLDER python nbs/results/epochs.py`, about an hour on one core.

Both models, the body and settings of the cpu preset, on the first 50,000 characters of the training text. Each run has a
number of epochs and its own schedule to the end of them. Writes nbs/results/epochs.json after every run, and goes on
from there when started again.
"""
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
import json
import math
import time

import torch

from llada_nb.ar_train import ar_loss
from llada_nb.data import CharTokenizer, batches, load_text, split, windows
from llada_nb.llada_train import llada_bound, random_lengths, root_loss
from llada_nb.core import provenance, write_json
from llada_nb.loop import Trainer, estimate, evaluate, train
from llada_nb.model import Transformer
from llada_nb.runs import presets

chars, looks, seed, out = 50_000, 16, 0, Path(__file__).parent/'epochs.json'
runs = [('ar', 10, 0.), ('ar', 30, 0.), ('llada', 30, 0.), ('ar', 100, 0.), ('llada', 100, 0.), ('ar', 30, .2), ('ar', 100, .2), ('ar', 10, .2), ('ar', 15, .2), ('llada', 60, 0.)]

def run(kind, epochs, dropout):
    "Train; look at the validation split `looks` times; judge the best of them again, with fresh noise."
    text = load_text('tinyshakespeare')
    tok = CharTokenizer(text)
    train_ids, valid_ids = split(tok.encode(text))
    sizes, how = presets['cpu']
    steps = math.ceil(epochs*chars/(how.bs*sizes.max_len))
    torch.manual_seed(seed)
    tr = Trainer(Transformer(replace(sizes, vocab_size=tok.vocab_size, causal=kind=='ar', dropout=dropout)), replace(how, steps=steps))
    x0, val = batches(train_ids[:chars], how.bs, sizes.max_len), windows(valid_ids, sizes.max_len)
    if kind=='ar': loss_fn = judge = partial(ar_loss, bos_id=tok.mask_id)
    else: x0, loss_fn, judge = random_lengths(x0), partial(root_loss, mask_id=tok.mask_id), partial(llada_bound, mask_id=tok.mask_id)
    rows, best, start = [], None, time.perf_counter()
    for s in train(tr, loss_fn, x0):
        if s.step%math.ceil(steps/looks) and s.step<steps: continue
        rows.append(dict(epoch=s.step*how.bs*sizes.max_len/chars, val=evaluate(tr.model, judge, val)))
        if rows[-1]['val']==min(r['val'] for r in rows): best = {k: v.clone() for k, v in tr.model.state_dict().items()}
    fit_seconds = time.perf_counter()-start
    tr.model.load_state_dict(best)
    nats, se = estimate(tr.model, judge, val, n=1 if kind=='ar' else 8)
    return dict(kind=kind, epochs=epochs, dropout=dropout, updates=steps, seconds=fit_seconds, nats=nats, se=se, rows=rows,
                model=asdict(tr.model.cfg), train=asdict(tr.cfg), sha256=text.digest)

if __name__ == '__main__':
    torch.set_num_threads(1)
    done = json.loads(out.read_text())['runs'] if out.exists() else []
    for kind, epochs, dropout in runs:
        if (kind, epochs, dropout) in [(r['kind'], r['epochs'], r['dropout']) for r in done]: continue
        done.append(r := run(kind, epochs, dropout))
        print(f"{kind}, {epochs} epochs, dropout {dropout}: {r['nats']:.3f} ± {r['se']:.3f} in {r['seconds']:.0f} s", flush=True)
        write_json(out, provenance('python', 'nbs/results/epochs.py') | dict(corpus='tinyshakespeare', characters=chars, seed=seed, runs=done))

"""Short runs that differ in one thing each: the search that the presets come from. About two hours on two cores.

`LLADA_NB_DATA=FOLDER python nbs/results/trials.py` writes nbs/results/trials.json, which the results page shows; with a part of a
row's name it runs those rows anew and leaves the others. Two runs at a time, one thread each: updates are counted, not seconds.
"""
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
import json
import os
import subprocess
import sys

from torch import nn
import torch
import torch.nn.functional as F

from llada_nb import model as parts, runs
from llada_nb.core import late, provenance, read_json, write_json
from llada_nb.data import load_text
from llada_nb.llada_train import forward_process, llada_loss, masked_loss, random_lengths, sample_t
from llada_nb.loop import mean_loss, replicate, train, update_flops
from llada_nb.model import Transformer, convolve, kernel_mask, near_table, rotate, sees
from llada_nb.parallel import batch_mean

out = Path(__file__).parent/'trials.json'
base = dict(ffn_dim=320, conv=5, wd=0.)                                  # of all rows, where they do not say otherwise
trials = {  # kind, name: what differs; in capitals what no preset can say, below
    ('llada', 'as it is'): {}, ('llada', 'another seed'): dict(seed=1),
    ('ar', 'as it is'): {}, ('ar', 'another seed'): dict(seed=1),
    ('llada', 'no neighbours'): dict(conv=0), ('llada', 'no neighbours, another seed'): dict(conv=0, seed=1),
    ('ar', 'no neighbours'): dict(conv=0), ('ar', 'no neighbours, another seed'): dict(conv=0, seed=1),
    ('llada', 'seven taps'): dict(conv=7), ('llada', 'nine taps'): dict(conv=9),
    ('llada', 'neighbours everywhere'): dict(EVERYWHERE=True),  # before attention, too, and in the last block
    ('llada', 'ReLU² for SwiGLU'): dict(RELU2=True), ('ar', 'ReLU² for SwiGLU'): dict(RELU2=True),
    ('llada', 'value residuals'): dict(VALUES=True), ('ar', 'value residuals'): dict(VALUES=True),
    ('llada', 'a gate on each head'): dict(GATE=True), ('ar', 'a gate on each head'): dict(GATE=True),
    ('llada', 'a gate, another seed'): dict(GATE=True, seed=1), ('ar', 'a gate, another seed'): dict(GATE=True, seed=1),
    ('llada', 'skips in the shape of a U'): dict(SKIPS=True),
    ('llada', 'the embedding added in every block'): dict(EMBED=True), ('ar', 'the embedding added in every block'): dict(EMBED=True),
    ('llada', 'gates and the embedding'): dict(GATE=True, EMBED=True), ('ar', 'gates and the embedding'): dict(GATE=True, EMBED=True),
    ('llada', 'soft cap of 15 on the logits'): dict(CAP=15),
    ('llada', 'average of the last 50 updates'): dict(seed=1, AVERAGE=.02), ('ar', 'average of the last 50 updates'): dict(seed=1, AVERAGE=.02),
    ('llada', 'rates of density √t'): dict(LAW=.5), ('llada', 'rates of density t'): dict(LAW=1.),
    ('llada', 'learning rate ·1.5'): dict(lr=.03), ('llada', 'half of the updates at the peak'): dict(stable=.5),
    ('llada', 'θ = 500'): dict(rope_theta=500.),
    ('llada', '600 updates of 8 rows'): dict(steps=600, bs=8), ('ar', '600 updates of 8 rows'): dict(steps=600, bs=8),
    ('llada', '150 updates of 32 rows'): dict(steps=150, bs=32),
    ('llada', '1000 updates'): dict(steps=1000), ('llada', '2000 updates of 8 rows'): dict(steps=2000, bs=8),
    **{(kind, f'2000 updates, {name}'): dict(steps=2000) | how for kind in ('llada', 'ar') for name, how in {
        'no neighbours': dict(conv=0), 'feed-forward 400 wide': dict(ffn_dim=400), 'dropout 0.1': dict(dropout=.1),
        'weight decay 0.1': dict(wd=.1)}.items()},
    ('llada', 'weight 1'): dict(conv=0, loss=masked_loss), ('llada', 'weight 1/t'): dict(conv=0, loss=llada_loss),
    ('llada', 'AdamW 0.01'): dict(conv=0, lr=.01, muon=1.), ('llada', 'two heads'): dict(conv=0, n_head=2),
    ('llada', 'no QK-norm'): dict(conv=0, qk_norm=False),
    ('llada', '3 layers, 160 wide'): dict(conv=0, n_layer=3, dim=160, n_head=5, ffn_dim=384),
    ('ar', 'both rates halved'): dict(conv=0, lr=.01), ('ar', 'dropout 0.1'): dict(conv=0, dropout=.1),
    ('ar', 'weight decay 0.1'): dict(conv=0, wd=.1)}


class ReLU2(nn.Module):
    "Squared ReLU with as many parameters (arXiv 2109.08668)."
    def __init__(self, cfg):
        super().__init__()
        h = int(cfg.hidden*1.5)
        self.up, self.down = nn.Linear(cfg.dim, h, bias=False), nn.Linear(h, cfg.dim, bias=False)
    def forward(self, x): return self.down(F.relu(self.up(x)).square())


class Variant(Transformer):
    "A `Transformer` for training, with what was tried and is not in it."
    def __init__(self, cfg, **tried):
        self.tried, n = tried, cfg.n_layer
        if tried.get('RELU2'): parts.SwiGLU = ReLU2
        super().__init__(cfg)
        for i, b in enumerate(self.blocks):
            if tried.get('VALUES'): b.attn.lam = nn.Parameter(torch.tensor([1., 0.]))
            if tried.get('GATE'): b.attn.g = nn.Parameter(torch.zeros(cfg.n_head, 16))
        if tried.get('EVERYWHERE'):
            self.blocks[-1].mix = nn.Parameter(torch.zeros(cfg.conv, cfg.dim))
            self.before = nn.ParameterList(nn.Parameter(torch.zeros(cfg.conv, cfg.dim)) for _ in range(n))
        if tried.get('SKIPS'): self.skips = nn.Parameter(torch.zeros(n//2))
        if tried.get('EMBED'): self.again = nn.Parameter(torch.zeros(n))

    def attend(self, a, x, rot, mask, first):
        q, k, v = (w(x).unflatten(-1, (-1, a.K)) for w in (a.wq, a.wk, a.wv))
        q, k = rotate(a.q_norm(q), *rot), rotate(a.k_norm(k), *rot)
        if hasattr(a, 'lam') and first: v = a.lam[0]*v + a.lam[1]*first[0]      # arXiv 2410.17897
        first.append(v)
        y = F.scaled_dot_product_attention(*(o.transpose(1, 2) for o in (q, k, v)), **mask).transpose(1, 2)
        if hasattr(a, 'g'): y = y*(2*torch.sigmoid(F.linear(x[..., :16], a.g)))[..., None]
        return a.wo(y.flatten(2))

    def body(self, ids, valid=None, pos=None, cache=None, at=None, mask=None):
        L, n, e, saved, first = ids.shape[1], len(self.blocks), self.embed(ids), [], []
        near, mask = near_table(self.cfg, ids), kernel_mask(sees(L, 0, self.cfg.causal, device=ids.device), True)
        rot, x = [r[:, :, None] for r in self.angles(ids, None, None, 0)], e
        for i, b in enumerate(self.blocks):
            if self.tried.get('SKIPS') and i>=n-n//2: x = x + self.skips[i-(n-n//2)]*saved[n-1-i]
            if self.tried.get('EMBED'): x = x + self.again[i]*e
            h = b.attn_norm(x)
            if self.tried.get('EVERYWHERE'): h = h + convolve(h, self.before[i], near, L)
            x = x + self.attend(b.attn, h, rot, mask, first)
            h = b.ffn_norm(x)
            if b.mix is not None: h = h + convolve(h, b.mix, near, L)
            x = x + b.ffn(h)
            saved.append(x)
        return self.norm(x)

    def logits(self, x):
        y, cap = super().logits(x), self.tried.get('CAP')
        return cap*torch.tanh(y/cap) if cap else y


def law_loss(model, x0, mask_id, p):
    "`root_loss` with t of density (p+1)·t^p, and its weight divided by that."
    t = (sample_t(len(x0), x0.device)**(1/(p+1))).clamp_min(1e-3)
    xt = forward_process(x0, t, mask_id)
    nll = F.cross_entropy(model(xt).transpose(1, 2), x0, reduction='none')
    return batch_mean(nll, (xt==mask_id)*t[:, None]**-(.5+p))


def trial(kind, name, seed=0, steps=300, loss=None, AVERAGE=None, LAW=None, **change):
    "Train, and judge on the validation windows: with the bound, or with the baseline's own loss."
    tried = {k: change.pop(k) for k in list(change) if k.isupper()}
    if tried: runs.Transformer = partial(Variant, **tried)
    s = runs.set_up(load_text('tinyshakespeare'), kind, 'cpu', seed, steps=steps, **base | change)
    if LAW: loss = partial(law_loss, p=LAW)
    loss_fn = partial(loss, mask_id=s.tok.mask_id) if loss else s.loss
    average = None
    for st in train(s.tr, loss_fn, random_lengths(s.batches) if kind=='llada' else s.batches):
        if AVERAGE and st.step>10:
            ps = [p.detach() for p in s.tr.model.parameters()]
            average = [a.lerp(p, AVERAGE) for a, p in zip(average, ps)] if average else [p.clone() for p in ps]
    for p, a in zip(s.tr.model.parameters(), average or []): p.data.copy_(a)
    est = replicate(lambda: mean_loss(s.tr.model, s.bound, s.val, seed=None), 4 if kind=='llada' else 1)
    cfg = s.tr.model.cfg
    flops = update_flops(s.tr.model, cfg.max_len)*cfg.max_len*s.tr.cfg.bs
    beside = '2000 updates, no neighbours' if ',' in name and steps==2000 else '1000 updates' if steps>=1000 else (
        'no neighbours' if not cfg.conv else 'another seed' if seed and name!='another seed' else 'as it is')
    return dict(kind=kind, name=name, beside=beside, nats=est.nats, se=est.se, seed=seed, updates=steps, flops=flops*steps,
                date=date.today().isoformat(), model=asdict(cfg), train=asdict(s.tr.cfg))


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


def main(part=''):
    done = {(r['kind'], r['name']): r for r in read_json(out)['trials']} if part else {}
    todo = [t for t in trials if part in t[1]]
    for i in range(0, len(todo), 2):
        for r in pair(todo[i:i+2]):
            done[r['kind'], r['name']] = r
            print(f"{r['kind']}, {r['name']}: {r['nats']:.3f} ± {r['se']:.3f}", flush=True)
            write_json(out, provenance('python', 'nbs/results/trials.py') | dict(
                note='one thread each, two at a time', trials=[done[t] for t in trials if t in done]))


if __name__ == '__main__': one(*sys.argv[1:]) if len(sys.argv)==3 else main(*sys.argv[1:])
